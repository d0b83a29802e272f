import type { FastifyRequest } from 'fastify'
import { hash } from 'node:crypto'
import { AppError, type ErrorCode } from '../errors.ts'
import { limitKey } from '../ip-address.ts'
import { createThrottle } from './gcra.ts'

const MINUTE_MS = 60_000
const SLOTS = 16_384
/** Of an address that has missed too often so many requests are worked on at a time. */
const SUSPECTS = 4

/**
 * Limits what only a stranger or a broken client does, per address and in memory. A miss costs no
 * other caller of the same address anything: only misses count, and an address that has missed too
 * often is not shut out, but is worked for a few requests at a time. The others are refused before
 * they cost a statement.
 */
export type MissLimit = {
  /**
   * Does the work of a request, and counts its failure where it is a miss.
   *
   * @param about what else misses are counted by, such as a scene
   * @throws {AppError} what the work throws; `RATE_LIMITED` instead of one miss too many
   */
  run<T>(request: FastifyRequest, work: () => Promise<T>, about?: string): Promise<T>
  /** Counts a miss that cost no work. @throws {AppError} `RATE_LIMITED` */
  count(request: FastifyRequest): void
}

/**
 * @param options.perMinute misses that are answered as such
 * @param options.misses the codes that are misses
 */
export function createMissLimit(options: {
  perMinute: number
  misses: readonly ErrorCode[]
}): MissLimit {
  const { perMinute, misses } = options
  const throttle = createThrottle({ slots: SLOTS })
  const working = new Map<string, number>()

  const keyOf = (request: FastifyRequest, about: string) =>
    hash('sha256', `${limitKey(request.ip)} ${about}`, 'hex')
  const isMiss = (error: unknown) => error instanceof AppError && misses.includes(error.code)

  function take(key: string): void {
    const wait = throttle.take(key, MINUTE_MS / perMinute, perMinute)
    if (wait > 0) throw limited(wait)
  }

  async function runSuspect<T>(key: string, wait: number, work: () => Promise<T>): Promise<T> {
    const count = working.get(key) ?? 0
    if (count >= SUSPECTS) throw limited(wait)
    working.set(key, count + 1)
    try {
      return await work()
    } catch (error) {
      throw isMiss(error) ? limited(wait) : error
    } finally {
      const left = (working.get(key) ?? 1) - 1
      if (left > 0) working.set(key, left)
      else working.delete(key)
    }
  }

  return {
    count: (request) => take(keyOf(request, '')),
    async run(request, work, about = '') {
      const key = keyOf(request, about)
      const wait = throttle.peek(key)
      if (wait > 0) return runSuspect(key, wait, work)
      try {
        return await work()
      } catch (error) {
        if (isMiss(error)) take(key)
        throw error
      }
    },
  }
}

const limited = (waitMs: number): AppError =>
  new AppError('RATE_LIMITED', { retryAfter: Math.ceil(waitMs / 1000) })
