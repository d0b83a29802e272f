import Bowser from 'bowser'
import type { FastifyRequest } from 'fastify'
import { plainAddress } from '../plugins/address.ts'
import type { Requester } from '../tickets/create.ts'

/** What our server sees of whoever asks: for the phone to show. Unknown is null, never a guess. */
export function requesterOf(request: FastifyRequest): Requester {
  const agent = request.headers['user-agent']?.slice(0, 512)
  const parsed = agent ? Bowser.parse(agent) : undefined
  return {
    ip: plainAddress(request.ip),
    browser: label(parsed?.browser.name, parsed?.browser.version?.split('.')[0]),
    os: label(parsed?.os.name),
  }
}

function label(...parts: (string | undefined)[]): string | null {
  const text = parts.filter(Boolean).join(' ')
  return text === '' ? null : text.slice(0, 64)
}
