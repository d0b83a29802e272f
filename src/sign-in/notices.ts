import type { Origin } from '../tickets/ticket.ts'
import { entryOf, type Entry } from './entry.ts'

/** The gravest first. */
export const NOTICE_KINDS = [
  'opened_by_link',
  'opened_by_card',
  'opened_by_mini_program',
  'opened_without_code',
  'other_country',
  'many_tickets',
  'opened_from_picture',
  'opened_in_unknown_way',
  'new_browser',
  'other_address',
] as const

type Kind = (typeof NOTICE_KINDS)[number]

/** What is unusual about a ticket, for the person who decides. The phone has the words. */
export type Notice =
  | { kind: Exclude<Kind, 'other_country' | 'many_tickets'> }
  | { kind: 'other_country'; browser: string; phone: string }
  | { kind: 'many_tickets'; count: number }

export type Facts = {
  /** Where the browser is that asks to sign in, and where the phone is that has scanned. */
  browser: Origin
  phone: Origin
  /** Other tickets that the browser's address opened lately, and how many are usual. */
  tickets: { count: number; usual: number }
  /** Whether this person has signed in from such a browser before. */
  knownBrowser: boolean
  /**
   * WeChat's number of how the mini program was opened, where the phone tells it; and whether links
   * open it, too (`WECHAT_URL_LINK`).
   */
  opened?: { by: number | undefined; linksAreUsual: boolean }
}

/**
 * What is unusual about a ticket, the gravest first. An address that differs is the mildest, because
 * a phone's mobile data beside an office's computer differs all the time; where the country says
 * more, it is left out.
 */
export function noticesOf({ browser, phone, tickets, knownBrowser, opened }: Facts): Notice[] {
  const elsewhere = otherCountry(browser, phone)
  const apart =
    browser.network !== null && phone.network !== null && browser.network !== phone.network
  const { count, usual } = tickets
  const notices: (Notice | null)[] = [
    opened ? openedOtherwise(opened) : null,
    elsewhere,
    count > usual ? { kind: 'many_tickets', count } : null,
    knownBrowser ? null : { kind: 'new_browser' },
    apart && !elsewhere ? { kind: 'other_address' } : null,
  ]
  return notices.filter((notice) => notice !== null).sort((a, b) => rank(a) - rank(b))
}

const rank = ({ kind }: Notice): number => NOTICE_KINDS.indexOf(kind)

/**
 * An attacker can send a link or a card; what they cannot send is a scan of the screen before the
 * victim. A picture of a code lies between. So does a number that is not in WeChat's table: silence
 * would hide each new way of sending, and an alarm would mistake a new kind of scan for one.
 */
const OPENED = {
  camera: null,
  picture: { kind: 'opened_from_picture' },
  link: { kind: 'opened_by_link' },
  card: { kind: 'opened_by_card' },
  mini_program: { kind: 'opened_by_mini_program' },
  without_code: { kind: 'opened_without_code' },
  unknown: { kind: 'opened_in_unknown_way' },
} as const satisfies Record<Entry, Notice | null>

function openedOtherwise({ by, linksAreUsual }: NonNullable<Facts['opened']>): Notice | null {
  if (by === undefined) return null
  const entry = entryOf(by)
  return entry === 'link' && linksAreUsual ? null : OPENED[entry]
}

function otherCountry({ country: browser }: Origin, { country: phone }: Origin): Notice | null {
  if (browser === null || phone === null || browser === phone) return null
  return { kind: 'other_country', browser, phone }
}
