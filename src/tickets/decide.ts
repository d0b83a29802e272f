import { sql, type RawBuilder } from 'kysely'
import { recordDecision, type DenyReason, type Trail } from '../audit/record.ts'
import type { Db } from '../db/pool.ts'
import { dropImage } from './code-images.ts'

/**
 * Makes a decision about a ticket, writes its row of the audit trail, and lets its code's image go, in
 * one statement: trail and truth cannot differ, and of any number of callers only the one that decides
 * leaves a row.
 *
 * @param decision an `update tickets` without its `returning`; the status it sets is the outcome
 * @param trail without one nothing is written
 * @returns whether the ticket was there to be decided
 */
export async function decide(
  db: Db,
  scene: string,
  decision: RawBuilder<unknown>,
  trail: (Trail & { reason?: DenyReason }) | undefined,
): Promise<boolean> {
  const statement = sql`
    with decided as (
      ${decision}
      returning
        status, scene, user_id, appid, openid,
        requested_ip, requested_browser, requested_os
    ),
    gone as (${dropImage(scene, 'decided')})
    ${trail ? sql`${recordDecision(trail)} returning scene` : sql`select scene from decided`}
  `
  const { rows } = await statement.execute(db)
  return rows.length > 0
}
