import { sql, type RawBuilder } from 'kysely'
import type { Db } from '../db/pool.ts'
import type { Identity } from '../identity.ts'

/** Settings `AUDIT_DAYS`. */
export type AuditRules = {
  /** How long a row is kept; 0: there is no audit trail. */
  days: number
}

/** What the audit trail keeps beside what the ticket knows: the phone's address; unknown is null. */
export type Trail = { phoneIp: string | null }

/** Why a ticket was denied: the person declined, or picked the wrong number. */
export type DenyReason = 'declined' | 'wrong_match_code'

/**
 * The row of a decision, to be written in the statement that decides. It reads `decided`: status,
 * scene, user_id, appid, openid, requested_ip, requested_browser, requested_os and client_id of the
 * ticket.
 */
export const recordDecision = (trail: Trail & { reason?: DenyReason }): RawBuilder<unknown> => sql`
  insert into logins (
    outcome, scene, user_id, appid, openid,
    requested_ip, requested_browser, requested_os, client_id, phone_ip, reason
  )
  select
    status, scene, user_id, appid, openid,
    requested_ip, requested_browser, requested_os, client_id, ${trail.phoneIp}::text,
    ${trail.reason ?? null}::text
  from decided
`

/**
 * A mini program's own login: there is no ticket, so the row stands for itself. A person gets one an
 * hour at most. The update of their row decides: of any number of calls at once the database lets one
 * through, and the others look again and find the hour begun.
 */
export async function recordOwnLogin(
  db: Db,
  login: Trail & Identity & { userId: string },
): Promise<void> {
  await sql`
    with told as (
      update users
      set own_login_at = now()
      where id = ${login.userId}::uuid
        and (own_login_at is null or own_login_at <= now() - interval '1 hour')
      returning id
    )
    insert into logins (outcome, user_id, appid, openid, phone_ip)
    select 'signed_in', id, ${login.appid}, ${login.openid}, ${login.phoneIp} from told
  `.execute(db)
}
