import type { FastifyRequest } from 'fastify'

/** The country a request comes from, as ISO 3166-1 alpha-2; unknown is null. */
export type CountryOf = (request: FastifyRequest) => string | null

/**
 * What proxies say when they do not know: XX (Cloudflare), ZZ (Google); EU and AP are regions of
 * older databases, and would differ from every country in them. T1 (Tor) and A1 are no letters.
 */
const NO_COUNTRY = new Set(['XX', 'ZZ', 'EU', 'AP'])

/**
 * Reads the country out of the header in which a trusted proxy tells it, and guesses nothing.
 * Whoever connects is believed only as one: a stranger who sends the header may be anywhere.
 *
 * @param header its name; null: nobody tells
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
