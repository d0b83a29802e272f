import Bowser from 'bowser'
import type { FastifyRequest } from 'fastify'
import { limitKey, plainAddress } from '../ip-address.ts'
import type { CountryOf } from './country.ts'
import type { Origin, Requester } from '../tickets/create.ts'

/** Where a request comes from. Unknown is null, never a guess. */
export function originOf(request: FastifyRequest, countryOf: CountryOf): Origin {
  const ip = plainAddress(request.ip)
  return { ip, network: ip === null ? null : limitKey(ip), country: countryOf(request) }
}

/** What our server sees of whoever asks: for the phone to show. Unknown is null, never a guess. */
export function requesterOf(request: FastifyRequest, countryOf: CountryOf): Requester {
  const agent = request.headers['user-agent']?.slice(0, 512)
  const parsed = agent ? Bowser.parse(agent) : undefined
  return {
    ...originOf(request, countryOf),
    browser: label(parsed?.browser.name, parsed?.browser.version?.split('.')[0]),
    os: label(parsed?.os.name),
  }
}

function label(...parts: (string | undefined)[]): string | null {
  const text = parts.filter(Boolean).join(' ')
  return text === '' ? null : text.slice(0, 64)
}
