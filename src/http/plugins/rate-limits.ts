import rateLimit, { type FastifyRateLimitStore } from '@fastify/rate-limit'
import { hash } from 'node:crypto'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { sql } from 'kysely'
import type { Db } from '../../db/pool.ts'
import { AppError } from '../../errors.ts'
import { limitKey } from '../../ip-address.ts'
import { createThrottle } from '../gcra.ts'

const MINUTE_MS = 60_000

/** Guesses (wrong secrets, unknown scenes and paths) that one address may make in a minute. */
const STRANGER_GUESSES = 120

/**
 * Limits per address, counted in the database so that replicas share them. Routes opt in with
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
      count(db, key, windowMs).then(
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

/** One more request in the window of this key; a window that has passed starts again. */
async function count(
  db: Db,
  key: string,
  windowMs: number,
): Promise<{ current: number; ttl: number }> {
  const { rows } = await sql<{ current: number; ttl: number }>`
    insert into rate_limits as r (key, count, resets_at)
    values (${key}, 1, now() + ${windowMs}::int * interval '1 millisecond')
    on conflict (key) do update
    set
      count = case when r.resets_at <= now() then 1 else least(r.count, 2000000000) + 1 end,
      resets_at = case when r.resets_at <= now() then excluded.resets_at else r.resets_at end
    returning count as current, ceil(extract(epoch from resets_at - now()) * 1000)::int as ttl
  `.execute(db)
  return rows[0] as { current: number; ttl: number }
}

/** Forgets windows that have passed, in small batches. */
export async function sweepRateLimits(db: Db): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from rate_limits
    where key = any(array(
      select key from rate_limits where resets_at <= now() limit 500 for update skip locked
    ))
  `.execute(db)
  return Number(numAffectedRows ?? 0n)
}

/**
 * Strangers' misses are limited on their own, per address and in memory: they cost no holder of a
 * ticket anything, also behind the same address, because only misses count.
 *
 * @returns throws `RATE_LIMITED` when the address of a request has missed too often
 */
export function createStrangerLimit(): (request: FastifyRequest) => void {
  const throttle = createThrottle({ slots: 16_384 })
  return (request) => {
    const key = hash('sha256', limitKey(request.ip), 'hex')
    const wait = throttle.take(key, MINUTE_MS / STRANGER_GUESSES, STRANGER_GUESSES)
    if (wait > 0) throw new AppError('RATE_LIMITED', { retryAfter: Math.ceil(wait / 1000) })
  }
}
