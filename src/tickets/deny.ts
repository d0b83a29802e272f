import { sql } from 'kysely'
import type { Db } from '../db/schema.ts'
import { lookAtTicket } from './look.ts'
import { outcomeError, sameIdentity, type Identity } from './ticket.ts'

/**
 * pending or scanned → denied: the phone says no. Of two calls of one person at the same moment the
 * second finds its own wish fulfilled.
 *
 * @throws {AppError} `TICKET_NOT_FOUND`, `SCANNED_BY_ANOTHER`, `ALREADY_CONFIRMED`, 410
 */
export async function denyTicket(
  db: Db,
  input: { scene: string; identity: Identity },
): Promise<void> {
  const { scene, identity } = input
  const { rows } = await sql`
    update tickets
    set status = 'denied', appid = ${identity.appid}, openid = ${identity.openid}
    where scene = ${scene}
      and status in ('pending', 'scanned')
      and expires_at > now()
      and (openid is null or (appid = ${identity.appid} and openid = ${identity.openid}))
    returning scene
  `.execute(db)
  if (rows.length > 0) return

  const ticket = await lookAtTicket(db, scene)
  if (ticket.status === 'denied' && ticket.owner && sameIdentity(ticket.owner, identity)) return
  throw outcomeError(ticket, identity)
}
