import { sql } from 'kysely'
import { knownBrowser } from '../audit/known-browser.ts'
import type { Db } from '../db/pool.ts'
import type { Identity } from '../identity.ts'
import { MOST_COUNTED, recentTickets } from '../tickets/count-recent.ts'
import type { Ticket } from '../tickets/find.ts'
import type { Origin } from '../tickets/ticket.ts'
import { userIdOf } from '../users/find.ts'
import type { Facts } from './notices.ts'

const RECENT_SECONDS = 300

/**
 * What the database knows about a scan.
 *
 * @param input.phone where the phone is that has scanned
 * @param input.usual other tickets that an address may open in five minutes without a notice
 * @param input.trail whether there is an audit trail to know a browser from
 */
export async function findFacts(
  db: Db,
  input: { ticket: Ticket; identity: Identity; phone: Origin; usual: number; trail: boolean },
): Promise<Facts> {
  const { ticket, identity, phone, usual, trail } = input
  const browser = ticket.requestedBy
  const of = { network: browser.network, except: ticket.scene, seconds: RECENT_SECONDS }
  const { rows } = await sql<{ count: number; known: boolean }>`
    select
      ${
        // The count ends there, so it could not tell more from usual.
        usual < MOST_COUNTED ? recentTickets(of) : sql`0`
      } as count,
      ${trail ? knownBrowser(userIdOf(identity), browser) : sql`true`} as known
  `.execute(db)
  const { count = 0, known = true } = rows[0] ?? {}
  return { browser, phone, tickets: { count, usual }, knownBrowser: known }
}
