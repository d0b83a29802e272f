import { sql, type RawBuilder } from 'kysely'
import type { Db } from '../db/pool.ts'
import { sameIdentity, type Identity } from '../identity.ts'
import { dropImage } from './code-images.ts'
import { findTicket, ticketColumns, ticketOf, type Ticket, type TicketRow } from './find.ts'
import { isOf, mayBegin, moveOn } from './guard.ts'
import { outcomeError, type Channel, type Windows } from './ticket.ts'

/**
 * pending → scanned: the caller owns the ticket from here on, and has the confirm window to decide.
 * Repeated by the owner it changes nothing and answers the same.
 *
 * @param input.beside columns that the same statement reads, of anything but this ticket
 * @returns the ticket, those columns, and whether this call scanned it
 * @throws {AppError} `TICKET_NOT_FOUND`, `SCANNED_BY_ANOTHER`, `ALREADY_CONFIRMED`, 410
 */
export async function scanTicket<Beside>(
  db: Db,
  input: {
    scene: string
    channel?: Channel
    identity: Identity
    beside?: RawBuilder<Beside>
    windows: Windows
  },
): Promise<Ticket & { beside: Beside; first: boolean }> {
  const { scene, identity, beside } = input
  const { rows } = await sql<TicketRow & Beside>`
    with scanned as (
      update tickets
      set
        ${moveOn('scan', input.windows)},
        appid = ${identity.appid},
        openid = ${identity.openid}
      where scene = ${scene}
        and ${isOf(input.channel)}
        and ${mayBegin('scan')}
      returning ${ticketColumns}
    ),
    gone as (${dropImage(scene, 'scanned')})
    select scanned.*${beside ? sql`, ${beside}` : sql``} from scanned
  `.execute(db)

  if (rows[0]) return { ...ticketOf(rows[0]), beside: rows[0], first: true }

  const ticket = await findTicket(db, scene)
  if (ticket.status === 'scanned' && ticket.owner && sameIdentity(ticket.owner, identity)) {
    const again = beside && (await sql<Beside>`select ${beside}`.execute(db))
    return { ...ticket, beside: again?.rows[0] as Beside, first: false }
  }
  throw outcomeError(ticket, identity)
}
