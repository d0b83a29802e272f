import type { FastifyRateLimitStore } from '@fastify/rate-limit'
import type { FastifyRequest } from 'fastify'
import { networksOf } from '../ip-address.ts'
import type { Count, Counter } from '../limits/count.ts'
import { createLocalCounts } from '../limits/local-counts.ts'

/** Routes with the same group share one budget. */
export type Group = 'create' | 'phone'

/**
 * So many times the budget of one /64 may its /56 and its /48 use up: a line with a /56 has 256 of
 * them, and would have 256 budgets.
 */
export const WIDER = [1, 4, 16]
const BETWEEN = '|'

/** Limits per address, counted in the database so that instances share them. */
export type AddressLimits = {
  Store: new () => FastifyRateLimitStore
  /** What a request counts as, for `Store`. */
  keyOf(request: FastifyRequest): string
  /** Requests of the address in this minute, as far as this instance knows. */
  seen(request: FastifyRequest, group: Group): number
  /** A request that was counted was none of those that the budget is for. */
  refund(request: FastifyRequest, group: Group): Promise<void>
}

export function createAddressLimits(counter: Counter): AddressLimits {
  const local = createLocalCounts()
  const keyOf = (request: FastifyRequest) => networksOf(request.ip).join(BETWEEN)

  async function count(keys: readonly string[], windowMs: number, max: number): Promise<Count> {
    const over = overLimit(
      keys.map((key) => local.add(key, windowMs)),
      max,
    )
    if (over) return over
    try {
      const counts = await counter.count(keys)
      counts.forEach((each, i) => local.learn(keys[i] as string, each))
      return overLimit(counts, max) ?? (counts[0] as Count)
    } catch (error) {
      for (const key of keys) local.shorten(key)
      throw error
    }
  }

  class SqlStore implements FastifyRateLimitStore {
    incr(
      key: string,
      callback: (error: Error | null, result?: Count) => void,
      windowMs: number,
      max: number,
    ): void {
      count(keysOf(key), windowMs, max).then(
        (result) => callback(null, result),
        (error: Error) => callback(error),
      )
    }
    child(): FastifyRateLimitStore {
      return this
    }
  }

  return {
    Store: SqlStore,
    keyOf,
    seen: (request, group) => local.of(keysOf(`${keyOf(request)}:${group}`)[0] as string),
    async refund(request, group) {
      const keys = keysOf(`${keyOf(request)}:${group}`)
      for (const key of keys) local.take(key)
      await counter.uncount(keys)
    },
  }
}

/** `a|b|c:group` is `a:group`, `b:group`, `c:group`. */
function keysOf(key: string): string[] {
  const end = key.lastIndexOf(':')
  return key
    .slice(0, end)
    .split(BETWEEN)
    .map((network) => network + key.slice(end))
}

/** Of the first network that is over its budget; the library compares the count with `max` alone. */
function overLimit(counts: readonly Count[], max: number): Count | undefined {
  const over = counts.find(({ current }, i) => current > max * (WIDER[i] as number))
  return over && { current: Math.max(over.current, max + 1), ttl: over.ttl }
}
