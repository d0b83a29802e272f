import { isUnavailable } from '../db/unavailable.ts'
import type { Library } from './library.ts'

/** PostgreSQL cannot keep a text of the caller: a NUL, half a surrogate pair, or too much of it. */
const NOT_STORABLE = /^(22P05|22P02|22021|23514)$/

/**
 * Translates what the database refuses into errors of the protocol: an outage is 503 and never 500, so
 * that a client tries again with the same code; a text that cannot be stored is the caller's mistake.
 */
export const createGuard =
  ({ TemporarilyUnavailable, InvalidRequest }: Library['errors']) =>
  async <T>(work: () => Promise<T>): Promise<T> => {
    try {
      return await work()
    } catch (error) {
      if (isUnavailable(error)) {
        const cause = new TemporarilyUnavailable('the database cannot be reached', {
          cause: error,
        })
        // No redirect: the app would have to begin again, and its person to scan again.
        throw Object.assign(cause, { status: 503, statusCode: 503, allow_redirect: false })
      }
      if (NOT_STORABLE.test(String((error as { code?: unknown } | null)?.code))) {
        throw new InvalidRequest('a parameter has characters that cannot be stored, or too many')
      }
      throw error
    }
  }

export type Guard = ReturnType<typeof createGuard>
