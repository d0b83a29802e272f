import { sql, type RawBuilder } from 'kysely'
import { knownBrowser } from '../audit/known-browser.ts'
import type { Identity } from '../identity.ts'
import { MOST_COUNTED, recentTickets } from '../tickets/count-recent.ts'
import type { Ticket } from '../tickets/find.ts'
import type { Origin } from '../tickets/ticket.ts'
import { userIdOf } from '../users/find.ts'
import type { Facts } from './notices.ts'

const RECENT_SECONDS = 300

/** What the database knows about a scan, as `columns` read it. */
export type KnownOfScan = { recent_tickets: number; known_browser: boolean }

/**
 * The facts about a scan. The database is asked for them in the statement that scans: a statement of their
 * own costs a scan an eighth of its time.
 *
 * @param input.phone where the phone is that scans
 * @param input.usual other tickets that an address may open in five minutes without a notice
 * @param input.trail whether there is an audit trail to know a browser from
 */
export function factsAbout(input: {
  ticket: Ticket
  identity: Identity
  phone: Origin
  usual: number
  trail: boolean
}): { columns: RawBuilder<KnownOfScan>; of(known: KnownOfScan): Facts } {
  const { ticket, identity, phone, usual, trail } = input
  const browser = ticket.requestedBy
  const of = { network: browser.network, except: ticket.scene, seconds: RECENT_SECONDS }
  return {
    columns: sql`
      ${
        // The count ends there, so it could not tell more from usual.
        usual < MOST_COUNTED ? recentTickets(of) : sql`0`
      } as recent_tickets,
      ${trail ? knownBrowser(userIdOf(identity), browser) : sql`true`} as known_browser
    `,
    of: ({ recent_tickets: count, known_browser: known }) => ({
      browser,
      phone,
      tickets: { count, usual },
      knownBrowser: known,
    }),
  }
}
