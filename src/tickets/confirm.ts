import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { decide, type Trail } from '../audit/record.ts'
import { sameIdentity, type Identity } from '../identity.ts'
import { lookAtTicket } from './find.ts'
import { outcomeError } from './ticket.ts'

/**
 * pending or scanned → confirmed, with the signed token that the browser's next poll takes away.
 * Repeated by the same identity it changes nothing and is fine: the first token stands.
 *
 * @param input.window seconds to collect the token
 * @param input.trail what the audit trail keeps of it; without one it keeps nothing
 * @returns whether this call confirmed it; false: it had been, by the same identity
 * @throws {AppError} `TICKET_NOT_FOUND`, `SCANNED_BY_ANOTHER`, 410
 */
export async function confirmTicket(
  db: Db,
  input: {
    scene: string
    identity: Identity
    userId: string
    token: string
    window: number
    trail?: Trail | undefined
  },
): Promise<boolean> {
  const { scene, identity } = input
  const decision = sql`
    update tickets
    set
      status = 'confirmed',
      appid = ${identity.appid},
      openid = ${identity.openid},
      user_id = ${input.userId}::uuid,
      token = ${input.token},
      expires_at = now() + ${input.window}::int * interval '1 second'
    where scene = ${scene}
      and status in ('pending', 'scanned')
      and expires_at > now()
      and (openid is null or (appid = ${identity.appid} and openid = ${identity.openid}))
  `
  if (await decide(db, decision, input.trail)) return true

  const ticket = await lookAtTicket(db, scene)
  const confirmed = ticket.status === 'confirmed' || ticket.status === 'consumed'
  if (confirmed && ticket.owner && sameIdentity(ticket.owner, identity)) return false
  throw outcomeError(ticket, identity)
}
