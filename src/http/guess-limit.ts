import type { FastifyRequest } from 'fastify'
import { hash } from 'node:crypto'
import { AppError } from '../errors.ts'
import { limitKey } from '../ip-address.ts'
import { createThrottle } from './gcra.ts'

const MINUTE_MS = 60_000

/** Guesses (wrong secrets, unknown scenes and paths) that one address may make in a minute. */
const GUESSES = 120

/**
 * Limits strangers' guesses per address, in memory. They cost no holder of a ticket anything, also
 * behind the same address, because only guesses count.
 */
export type GuessLimit = {
  /** @throws {AppError} `RATE_LIMITED` when the address of the request has guessed too often */
  count(request: FastifyRequest): void
  /**
   * Throws an error on, and counts it first where it is what a stranger gets who guesses: an unknown
   * scene, a wrong secret.
   */
  rethrow(error: unknown, request: FastifyRequest): never
}

export function createGuessLimit(): GuessLimit {
  const throttle = createThrottle({ slots: 16_384 })

  function count(request: FastifyRequest): void {
    const key = hash('sha256', limitKey(request.ip), 'hex')
    const wait = throttle.take(key, MINUTE_MS / GUESSES, GUESSES)
    if (wait > 0) throw new AppError('RATE_LIMITED', { retryAfter: Math.ceil(wait / 1000) })
  }

  return {
    count,
    rethrow(error, request) {
      const guessed =
        error instanceof AppError &&
        (error.code === 'BAD_SECRET' || error.code === 'TICKET_NOT_FOUND')
      if (guessed) count(request)
      throw error
    },
  }
}
