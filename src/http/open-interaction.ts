import type { FastifyRequest } from 'fastify'
import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import type { Client } from '../oidc/clients.ts'
import { INTERACTION_COOKIE } from '../oidc/configuration.ts'
import { findInteraction, type Interaction } from '../oidc/interactions.ts'
import type { GuessLimit } from './guess-limit.ts'

/** As the library makes them: 43 characters of base64url. */
const UID = /^[A-Za-z0-9_-]{43}$/

export type Opened = OpenedInteraction | OverInteraction

export type OpenedInteraction = Pick<Interaction, 'acrs' | 'locales'> & {
  state: 'open'
  client: NonNullable<Interaction['client']>
}

/** `foreign`: this browser did not begin it. `client` is known where there is a way back to it. */
export type OverInteraction = Pick<Interaction, 'client' | 'locales'> & {
  state: 'foreign' | 'unknown' | 'expired' | 'finished'
}

/**
 * Whether this browser may act for an interaction: its cookie must be the very one of the path. What has
 * become of one that is over is told without it, because browsers forget the cookie at that very moment.
 *
 * @returns opens an interaction
 * @throws {AppError} `RATE_LIMITED`, for an address that makes up interactions
 */
export const createOpenInteraction =
  (options: {
    db: Db
    guesses: Pick<GuessLimit, 'run'>
    findClient: (id: string) => Promise<Client | null>
  }) =>
  async (request: FastifyRequest, uid: string): Promise<Opened> => {
    const nothing = { client: null, locales: '' }
    if (!UID.test(uid)) return { state: 'unknown', ...nothing }
    const interaction = await findKnown(options, request, uid)
    if (!interaction) return { state: 'unknown', ...nothing }
    const { state, client, acrs, locales } = interaction
    if (state !== 'open') return { state, client, locales }
    if (!hasCookie(request, uid)) return { state: 'foreign', client, locales }
    return client ? { state, client, acrs, locales } : { state: 'unknown', client, locales }
  }

export type OpenInteraction = ReturnType<typeof createOpenInteraction>

/** @throws {AppError} where the interaction is over, or another browser's */
export function mustBeOpen(opened: Opened): OpenedInteraction {
  if (opened.state === 'open') return opened
  throw errorOf(opened)
}

export function errorOf({ state }: OverInteraction): AppError {
  if (state === 'finished') return new AppError('ALREADY_CONFIRMED')
  return new AppError('INVALID_REQUEST', {
    detail:
      state === 'foreign'
        ? 'it has no cookie of this sign-in: finish it in the browser that began it'
        : 'this sign-in is over: begin again at the app',
  })
}

async function findKnown(
  { db, guesses, findClient }: Parameters<typeof createOpenInteraction>[0],
  request: FastifyRequest,
  uid: string,
): Promise<Interaction | null> {
  try {
    return await guesses.run(request, async () => {
      const found = await findInteraction(db, uid, findClient)
      if (!found) throw new AppError('TICKET_NOT_FOUND')
      return found
    })
  } catch (error) {
    if (error instanceof AppError && error.code === 'TICKET_NOT_FOUND') return null
    throw error
  }
}

/** One of several with that name: a cookie for all paths, which another page has set, shuts nobody out. */
const hasCookie = (request: FastifyRequest, uid: string): boolean =>
  (request.headers.cookie ?? '')
    .split(';')
    .some((pair) => pair.trim() === `${INTERACTION_COOKIE}=${uid}`)
