import { sql } from 'kysely'
import type { DenyReason, Trail } from '../audit/record.ts'
import type { Db } from '../db/pool.ts'
import { sameIdentity, type Identity } from '../identity.ts'
import { decide } from './decide.ts'
import { findTicket } from './find.ts'
import { isOf, mayBeDecidedBy, mayBegin, moveOn } from './guard.ts'
import { outcomeError, type Channel } from './ticket.ts'

/**
 * pending or scanned → denied: the phone declines. Of two calls of one person at the same moment the
 * second finds its own wish fulfilled.
 *
 * @param input.reason for the audit trail; `declined` where it is left out
 * @param input.trail what the audit trail keeps of it; without one it keeps nothing
 * @returns whether this call denied it; false: it had been, by the same identity
 * @throws {AppError} `TICKET_NOT_FOUND`, `SCANNED_BY_ANOTHER`, `ALREADY_CONFIRMED`, 410
 */
export async function denyTicket(
  db: Db,
  input: {
    scene: string
    channel?: Channel
    identity: Identity
    reason?: DenyReason
    trail?: Trail | undefined
  },
): Promise<boolean> {
  const { scene, identity, reason = 'declined', trail } = input
  const decision = sql`
    update tickets
    set ${moveOn('deny')}, appid = ${identity.appid}, openid = ${identity.openid}
    where scene = ${scene}
      and ${isOf(input.channel)}
      and ${mayBegin('deny')}
      and ${mayBeDecidedBy(identity)}
  `
  if ((await decide(db, scene, decision, trail && { ...trail, reason })) !== null) return true

  const ticket = await findTicket(db, scene)
  if (ticket.status === 'denied' && ticket.owner && sameIdentity(ticket.owner, identity)) {
    return false
  }
  throw outcomeError(ticket, identity)
}

/**
 * scanned → denied, of all tickets that a person has scanned through a door: they have shut it. That is
 * no decision about any of them, so the audit trail has no row of it.
 *
 * @returns the scenes
 */
export async function denyAllOf(
  db: Db,
  input: { channel: Channel; identity: Identity },
): Promise<string[]> {
  const { channel, identity } = input
  const { rows } = await sql<{ scene: string }>`
    update tickets
    set ${moveOn('deny')}
    where ${isOf(channel)}
      and appid = ${identity.appid}
      and openid = ${identity.openid}
      and ${mayBegin('deny')}
    returning scene
  `.execute(db)
  return rows.map(({ scene }) => scene)
}
