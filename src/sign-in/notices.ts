import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { isKnownBrowser } from '../audit/known-browser.ts'
import type { Identity } from '../identity.ts'
import type { Origin, Requester } from '../tickets/create.ts'
import type { Ticket } from '../tickets/find.ts'

/** What is unusual about a ticket, for the person who decides. The phone has the words. */
export type Notice =
  | { kind: 'other_country'; browser: string; phone: string }
  | { kind: 'many_tickets'; count: number }
  | { kind: 'new_browser' }
  | { kind: 'other_address' }

const RECENT_SECONDS = 300

/** Nobody is counted beyond this: the count has an end whatever an address does. */
const MOST_COUNTED = 1_000

/**
 * What is unusual about a ticket, seen from the phone that has scanned it, the gravest first. An
 * address that differs is the mildest, because a phone's mobile data beside an office's computer
 * differs all the time; where the country says more, it is left out.
 *
 * @param input.phone where the phone is
 * @param input.usual other tickets that an address may open in five minutes without a notice
 * @param input.trail whether there is a trail of logins to know a browser from
 */
export async function noticesOf(
  db: Db,
  input: { ticket: Ticket; identity: Identity; phone: Origin; usual: number; trail: boolean },
): Promise<Notice[]> {
  const { ticket, identity, phone, usual, trail } = input
  const browser = ticket.requestedBy
  const [count, known] = await Promise.all([
    usual < MOST_COUNTED ? countOthers(db, ticket) : 0,
    trail ? isKnownBrowser(db, identity, browser) : true,
  ])

  const elsewhere = otherCountry(browser, phone)
  const apart =
    browser.network !== null && phone.network !== null && browser.network !== phone.network
  const notices: (Notice | null)[] = [
    elsewhere,
    count > usual ? { kind: 'many_tickets', count } : null,
    known ? null : { kind: 'new_browser' },
    apart && !elsewhere ? { kind: 'other_address' } : null,
  ]
  return notices.filter((notice) => notice !== null)
}

function otherCountry({ country: browser }: Requester, { country: phone }: Origin): Notice | null {
  if (browser === null || phone === null || browser === phone) return null
  return { kind: 'other_country', browser, phone }
}

/** How many other tickets the browser's address opened in the last five minutes; at most 1,000. */
async function countOthers(db: Db, { scene, requestedBy }: Ticket): Promise<number> {
  if (requestedBy.network === null) return 0
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count
    from (
      select
      from tickets
      where requested_network = ${requestedBy.network}
        and created_at > now() - ${RECENT_SECONDS}::int * interval '1 second'
        and scene <> ${scene}
      limit ${MOST_COUNTED}
    ) as others
  `.execute(db)
  return rows[0]?.count ?? 0
}
