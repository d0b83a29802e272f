import { sql, type RawBuilder } from 'kysely'
import { recordDecision, type DenyReason, type Trail } from '../audit/record.ts'
import type { Db } from '../db/pool.ts'

/**
 * Makes a decision about a ticket and writes its row of the audit trail, in one statement: trail and
 * truth cannot differ, and of any number of callers only the one that decides leaves a row.
 *
 * @param decision an `update tickets` without its `returning`; the status it sets is the outcome
 * @param trail without one nothing is written
 * @returns whether the ticket was there to be decided
 */
export async function decide(
  db: Db,
  decision: RawBuilder<unknown>,
  trail: (Trail & { reason?: DenyReason }) | undefined,
): Promise<boolean> {
  const statement = trail
    ? sql`
        with decided as (
          ${decision}
          returning
            status, scene, user_id, appid, openid,
            requested_ip, requested_browser, requested_os
        )
        ${recordDecision(trail)}
        returning scene
      `
    : sql`${decision} returning scene`
  const { rows } = await statement.execute(db)
  return rows.length > 0
}
