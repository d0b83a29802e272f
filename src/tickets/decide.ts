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
 * @returns how many seconds old the ticket was; null where it was not there to be decided
 */
export async function decide(
  db: Db,
  scene: string,
  decision: RawBuilder<unknown>,
  trail: (Trail & { reason?: DenyReason }) | undefined,
): Promise<number | null> {
  const { rows } = await sql<{ age: number }>`
    with decided as (
      ${decision}
      returning
        status, scene, user_id, appid, openid,
        requested_ip, requested_browser, requested_os, client_id,
        extract(epoch from now() - created_at)::float8 as age
    ),
    ${trail ? sql`kept as (${recordDecision(trail)}),` : sql``}
    gone as (${dropImage(scene, 'decided')})
    select age from decided
  `.execute(db)
  return rows[0]?.age ?? null
}
