import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { decide, type DenyReason, type Trail } from '../audit/record.ts'
import { sameIdentity, type Identity } from '../identity.ts'
import { lookAtTicket } from './find.ts'
import { outcomeError } from './ticket.ts'

/**
 * pending or scanned → denied: the phone says no. Of two calls of one person at the same moment the
 * second finds its own wish fulfilled.
 *
 * @param input.reason for the audit trail; `declined` where it is left out
 * @param input.trail what the audit trail keeps of it; without one it keeps nothing
 * @returns whether this call denied it; false: it had been, by the same identity
 * @throws {AppError} `TICKET_NOT_FOUND`, `SCANNED_BY_ANOTHER`, `ALREADY_CONFIRMED`, 410
 */
export async function denyTicket(
  db: Db,
  input: { scene: string; identity: Identity; reason?: DenyReason; trail?: Trail | undefined },
): Promise<boolean> {
  const { scene, identity, reason = 'declined', trail } = input
  const decision = sql`
    update tickets
    set status = 'denied', appid = ${identity.appid}, openid = ${identity.openid}
    where scene = ${scene}
      and status in ('pending', 'scanned')
      and expires_at > now()
      and (openid is null or (appid = ${identity.appid} and openid = ${identity.openid}))
  `
  if (await decide(db, decision, trail && { ...trail, reason })) return true

  const ticket = await lookAtTicket(db, scene)
  if (ticket.status === 'denied' && ticket.owner && sameIdentity(ticket.owner, identity)) {
    return false
  }
  throw outcomeError(ticket, identity)
}
