import type { FastifyRequest } from 'fastify'
import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import { INTERACTION_COOKIE } from '../oidc/configuration.ts'
import { findInteraction, type Interaction } from '../oidc/interactions.ts'
import type { GuessLimit } from './guess-limit.ts'

/** As the library makes them: 43 characters of base64url. */
const UID = /^[A-Za-z0-9_-]{43}$/

export type Opened =
  | { state: 'open'; client: NonNullable<Interaction['client']>; acrs: string[] }
  /** `foreign`: this browser did not begin it. `client` is known where there is a way back to it. */
  | { state: 'foreign' | 'unknown' | 'expired' | 'finished'; client: Interaction['client'] }

/**
 * Whether this browser may act for an interaction: its cookie must be the very one of the path.
 *
 * @returns opens an interaction
 * @throws {AppError} `RATE_LIMITED`, for an address that makes up cookies
 */
export const createOpenInteraction =
  ({ db, guesses }: { db: Db; guesses: Pick<GuessLimit, 'run'> }) =>
  async (request: FastifyRequest, uid: string): Promise<Opened> => {
    if (!UID.test(uid) || !hasCookie(request, uid)) return { state: 'foreign', client: null }
    const interaction = await findKnown(db, guesses, request, uid)
    if (!interaction) return { state: 'unknown', client: null }
    const { state, client, acrs } = interaction
    if (state !== 'open') return { state, client }
    return client ? { state, client, acrs } : { state: 'unknown', client }
  }

export type OpenInteraction = ReturnType<typeof createOpenInteraction>

async function findKnown(
  db: Db,
  guesses: Pick<GuessLimit, 'run'>,
  request: FastifyRequest,
  uid: string,
): Promise<Interaction | null> {
  try {
    return await guesses.run(request, async () => {
      const found = await findInteraction(db, uid)
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
