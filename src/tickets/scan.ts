import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { sameIdentity, type Identity } from '../identity.ts'
import { lookAtTicket, ticketColumns, ticketOf, type Ticket, type TicketRow } from './find.ts'
import { outcomeError } from './ticket.ts'

/**
 * pending → scanned: the caller owns the ticket from here on, and has the confirm window to decide.
 * Repeated by the owner it changes nothing and answers the same.
 *
 * @param input.window seconds to decide
 * @returns the ticket, and whether this call scanned it
 * @throws {AppError} `TICKET_NOT_FOUND`, `SCANNED_BY_ANOTHER`, `ALREADY_CONFIRMED`, 410
 */
export async function scanTicket(
  db: Db,
  input: { scene: string; identity: Identity; window: number },
): Promise<Ticket & { first: boolean }> {
  const { scene, identity } = input
  const { rows } = await sql<TicketRow>`
    update tickets
    set
      status = 'scanned',
      appid = ${identity.appid},
      openid = ${identity.openid},
      expires_at = now() + ${input.window}::int * interval '1 second'
    where scene = ${scene}
      and status = 'pending'
      and expires_at > now()
    returning ${ticketColumns}
  `.execute(db)

  if (rows[0]) return { ...ticketOf(rows[0]), first: true }

  const ticket = await lookAtTicket(db, scene)
  if (ticket.status === 'scanned' && ticket.owner && sameIdentity(ticket.owner, identity)) {
    return { ...ticket, first: false }
  }
  throw outcomeError(ticket, identity)
}
