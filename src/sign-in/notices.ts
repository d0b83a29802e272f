import type { Origin } from '../tickets/ticket.ts'

/** What is unusual about a ticket, for the person who decides. The phone has the words. */
export type Notice =
  | { kind: 'other_country'; browser: string; phone: string }
  | { kind: 'many_tickets'; count: number }
  | { kind: 'new_browser' }
  | { kind: 'other_address' }

export type Facts = {
  /** Where the browser is that asks to sign in, and where the phone is that has scanned. */
  browser: Origin
  phone: Origin
  /** Other tickets that the browser's address opened lately, and how many are usual. */
  tickets: { count: number; usual: number }
  /** Whether this person has signed in from such a browser before. */
  knownBrowser: boolean
}

/**
 * What is unusual about a ticket, the gravest first. An address that differs is the mildest, because
 * a phone's mobile data beside an office's computer differs all the time; where the country says
 * more, it is left out.
 */
export function noticesOf({ browser, phone, tickets, knownBrowser }: Facts): Notice[] {
  const elsewhere = otherCountry(browser, phone)
  const apart =
    browser.network !== null && phone.network !== null && browser.network !== phone.network
  const { count, usual } = tickets
  const notices: (Notice | null)[] = [
    elsewhere,
    count > usual ? { kind: 'many_tickets', count } : null,
    knownBrowser ? null : { kind: 'new_browser' },
    apart && !elsewhere ? { kind: 'other_address' } : null,
  ]
  return notices.filter((notice) => notice !== null)
}

function otherCountry({ country: browser }: Origin, { country: phone }: Origin): Notice | null {
  if (browser === null || phone === null || browser === phone) return null
  return { kind: 'other_country', browser, phone }
}
