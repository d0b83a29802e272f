import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import type { Db } from '../../db/pool.ts'
import { AppError } from '../../errors.ts'
import { limitKey } from '../../ip-address.ts'
import { countRequest } from '../../limits/count.ts'

const MINUTE_MS = 60_000

/**
 * Limits per address, counted in the database so that instances share them. Routes opt in with
 * `config: { rateLimit: perAddress(group, max) }`. An IPv6 address counts as its /64.
 */
export const rateLimits = fp<{ db: Db }>(
  async (app, { db }) => {
    await app.register(rateLimit, {
      global: false,
      store: createStore(db),
      keyGenerator: (request) => limitKey(request.ip),
      errorResponseBuilder: (_request, { ttl }) =>
        new AppError('RATE_LIMITED', { retryAfter: Math.max(1, Math.ceil(ttl / 1000)) }),
    })
  },
  { name: 'rate-limits' },
)

/** Routes with the same group share one budget. */
export const perAddress = (group: string, max: number) => ({
  max,
  timeWindow: MINUTE_MS,
  groupId: `:${group}`,
})

function createStore(db: Db) {
  class SqlStore implements FastifyRateLimitStore {
    incr(
      key: string,
      callback: (error: Error | null, result?: { current: number; ttl: number }) => void,
      windowMs: number,
    ): void {
      countRequest(db, key, windowMs).then(
        (result) => callback(null, result),
        (error: Error) => callback(error),
      )
    }
    child(): FastifyRateLimitStore {
      return this
    }
  }
  return SqlStore
}
