import type { FastifyRequest } from 'fastify'
import { hash } from 'node:crypto'
import { AppError, type ErrorCode } from '../errors.ts'
import { networksOf } from '../ip-address.ts'
import { WIDER } from './address-limits.ts'
import { createThrottle } from './gcra.ts'
import { tooFast } from './too-fast.ts'

const MINUTE_MS = 60_000
const SECOND_MS = 1_000
const SLOTS = 16_384

/**
 * Limits what only a stranger or a broken client does, per address and in memory. A miss costs no
 * other caller of the same address anything: only misses count, and an address that has missed too
 * often is not shut out, but few of its requests are worked on. The others are refused before they
 * cost a statement.
 */
export type MissLimit = {
  /**
   * Does the work of a request, and counts its failure where it is a miss.
   *
   * @throws {AppError} what the work throws; `RATE_LIMITED` where it is not begun, and instead of
   *   one miss too many
   */
  run<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T>
  /** The first half of `run`. @throws {AppError} `RATE_LIMITED` */
  admit(request: FastifyRequest, about?: string): void
  /**
   * The second half of `run`.
   *
   * @param about what else misses are counted by, such as a scene
   */
  countMiss<T>(request: FastifyRequest, work: () => Promise<T>, about?: string): Promise<T>
  /** Counts a miss that cost no work. @throws {AppError} `RATE_LIMITED` */
  count(request: FastifyRequest): void
}

/**
 * @param options.perMinute misses that are answered as such
 * @param options.perSecond requests of an address with more misses that are worked on; 0: none
 * @param options.misses the codes that are misses
 */
export function createMissLimit(options: {
  perMinute: number
  perSecond: number
  misses: readonly ErrorCode[]
}): MissLimit {
  const { perMinute, perSecond, misses } = options
  const missed = createThrottle({ slots: SLOTS })
  const worked = createThrottle({ slots: SLOTS })

  /** The address's networks, the smallest first, and how many of one /64's budgets each has. */
  const budgetsOf = (request: FastifyRequest, about: string) =>
    networksOf(request.ip).map((network, i) => ({
      key: hash('sha256', `${network} ${about}`, 'hex'),
      times: WIDER[i] as number,
    }))
  const isMiss = (error: unknown) => error instanceof AppError && misses.includes(error.code)

  function take(request: FastifyRequest, about: string): void {
    for (const { key, times } of budgetsOf(request, about)) {
      const wait = missed.take(key, MINUTE_MS / perMinute / times, perMinute * times)
      if (wait > 0) throw tooFast(wait)
    }
  }

  function admit(request: FastifyRequest, about = ''): void {
    for (const { key } of budgetsOf(request, about)) {
      const wait = missed.peek(key)
      if (wait === 0) continue
      if (!perSecond || worked.take(key, SECOND_MS / perSecond, perSecond) > 0) throw tooFast(wait)
    }
  }

  async function countMiss<T>(
    request: FastifyRequest,
    work: () => Promise<T>,
    about = '',
  ): Promise<T> {
    try {
      return await work()
    } catch (error) {
      if (isMiss(error)) take(request, about)
      throw error
    }
  }

  return {
    count: (request) => take(request, ''),
    admit,
    countMiss,
    async run(request, work) {
      admit(request)
      return countMiss(request, work)
    },
  }
}
