import { sql } from 'kysely'
import type { Trail } from '../audit/record.ts'
import type { Db } from '../db/pool.ts'
import { sameIdentity, type Identity } from '../identity.ts'
import { decide } from './decide.ts'
import { findTicket } from './find.ts'
import { isOf, mayBeDecidedBy, mayBegin, moveOn } from './guard.ts'
import { outcomeError, type Channel, type Windows } from './ticket.ts'

/**
 * pending or scanned → confirmed, with the signed token that the browser's next poll takes away.
 * Repeated by the same identity it changes nothing and is fine: the first token stands.
 *
 * @param input.trail what the audit trail keeps of it; without one it keeps nothing
 * @returns whether this call confirmed it (else it had been, by the same identity), and how many seconds
 *   old the ticket was then
 * @throws {AppError} `TICKET_NOT_FOUND`, `SCANNED_BY_ANOTHER`, 410
 */
export async function confirmTicket(
  db: Db,
  input: {
    scene: string
    channel?: Channel
    identity: Identity
    userId: string
    token: string
    windows: Windows
    trail?: Trail | undefined
  },
): Promise<{ first: true; age: number } | { first: false }> {
  const { scene, identity } = input
  const decision = sql`
    update tickets
    set
      ${moveOn('confirm', input.windows)},
      appid = ${identity.appid},
      openid = ${identity.openid},
      user_id = ${input.userId}::uuid,
      token = ${input.token}
    where scene = ${scene}
      and ${isOf(input.channel)}
      and ${mayBegin('confirm')}
      and ${mayBeDecidedBy(identity)}
  `
  const age = await decide(db, scene, decision, input.trail)
  if (age !== null) return { first: true, age }

  const ticket = await findTicket(db, scene)
  const confirmed = ticket.status === 'confirmed' || ticket.status === 'consumed'
  if (confirmed && ticket.owner && sameIdentity(ticket.owner, identity)) return { first: false }
  throw outcomeError(ticket, identity)
}
