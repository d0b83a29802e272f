import { sql, type RawBuilder } from 'kysely'
import type { Db } from '../db/pool.ts'

/** What the trail keeps beside what the ticket knows: the phone's address; unknown is null. */
export type Trail = { phoneIp: string | null }

/** Why a ticket was denied: the person said no, or picked the wrong number. */
export type DenyReason = 'declined' | 'wrong_match_code'

/**
 * Makes a decision about a ticket and writes its row of the trail, in one statement: trail and truth
 * cannot differ, and of any number of callers only the one who decides leaves a row.
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
        insert into logins (
          outcome, scene, user_id, appid, openid,
          requested_ip, requested_browser, requested_os, phone_ip, reason
        )
        select decided.*, ${trail.phoneIp}::text, ${trail.reason ?? null}::text
        from decided
        returning scene
      `
    : sql`${decision} returning scene`
  const { rows } = await statement.execute(db)
  return rows.length > 0
}

/** A mini program's own login: there is no ticket, so the row stands for itself. */
export async function recordOwnLogin(
  db: Db,
  login: Trail & { userId: string; appid: string; openid: string },
): Promise<void> {
  await sql`
    insert into logins (outcome, user_id, appid, openid, phone_ip)
    values ('signed_in', ${login.userId}::uuid, ${login.appid}, ${login.openid}, ${login.phoneIp})
  `.execute(db)
}
