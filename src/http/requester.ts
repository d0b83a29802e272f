import Bowser from 'bowser'
import type { FastifyRequest } from 'fastify'
import { limitKey, plainAddress } from '../ip-address.ts'
import type { Origin, Requester } from '../tickets/ticket.ts'

/** The country a request comes from, as ISO 3166-1 alpha-2; unknown is null. */
export type CountryOf = (request: FastifyRequest) => string | null

const UNKNOWN: Pick<Bowser.Parser.ParsedResult, 'browser' | 'os'> = { browser: {}, os: {} }
/** The detector also gives names that are not on its lists: a few of its own, and words of the header. */
const BROWSERS: ReadonlySet<string> = new Set(Object.values(Bowser.BROWSER_MAP))
const SYSTEMS: ReadonlySet<string> = new Set(Object.values(Bowser.OS_MAP))

/**
 * What proxies say when they do not know: XX (Cloudflare), ZZ (Google); EU and AP are regions of
 * older databases, and would differ from every country in them. T1 (Tor) and A1 are no letters.
 */
const NO_COUNTRY = new Set(['XX', 'ZZ', 'EU', 'AP'])

/**
 * Reads the country out of the header in which a trusted proxy tells it, and guesses nothing. Only
 * the peer that connects is believed: a stranger who sends the header may be anywhere.
 *
 * @param header its name; null: no proxy tells
 * @param isTrusted whether an address is one of our proxies
 */
export function createCountryOf(
  header: string | null,
  isTrusted: (address: string) => boolean,
): CountryOf {
  if (header === null) return () => null
  const name = header.toLowerCase()
  return (request) => {
    // A header that is there twice arrives joined by a comma, and does not fit.
    const country = String(request.headers[name] ?? '').toUpperCase()
    if (!/^[A-Z]{2}$/.test(country) || NO_COUNTRY.has(country)) return null
    return isTrusted(request.socket.remoteAddress ?? '') ? country : null
  }
}

/** Where a request comes from. Unknown is null, never a guess. */
export function originOf(request: FastifyRequest, countryOf: CountryOf): Origin {
  const ip = plainAddress(request.ip)
  return { ip, network: ip === null ? null : limitKey(ip), country: countryOf(request) }
}

/**
 * What our server sees of the browser that asks: for the phone to show. Unknown is null. The browser
 * chooses its User-Agent, and a sentence in it would be read as ours, so nothing of it is shown but
 * the detector's own names and a few digits.
 */
export function requesterOf(request: FastifyRequest, countryOf: CountryOf): Requester {
  const agent = request.headers['user-agent']?.slice(0, 512)
  const { browser, os } = agent ? Bowser.parse(agent) : UNKNOWN
  const named = browser.name !== undefined && BROWSERS.has(browser.name)
  return {
    ...originOf(request, countryOf),
    browser: named ? [browser.name, ...majorOf(browser.version)].join(' ') : null,
    os: os.name !== undefined && SYSTEMS.has(os.name) ? os.name : null,
  }
}

/** Four digits at most: more could be a telephone number. */
const majorOf = (version = ''): string[] => /^[0-9]{1,4}(?![0-9])/.exec(version) ?? []
