import type { FastifyRequest } from 'fastify'
import { hash } from 'node:crypto'
import type { AppError } from '../errors.ts'
import { limitKey } from '../ip-address.ts'
import { createThrottle } from './gcra.ts'

/** So many refusals of an address are answered at once, and so many a second after that. */
const BURST = 500
const PER_SECOND = 100
const PAUSE_MS = 1_000
const SLOTS = 16_384

/**
 * Makes a flood wait for its refusals. To refuse 10,000 requests a second takes a core, and an address
 * that has 700 connections sends as many as it is answered: with a pause each sends one a second.
 *
 * @returns the milliseconds that an answer is held back
 */
export function createTarpit(
  now?: () => number,
): (error: AppError, request: Pick<FastifyRequest, 'ip'>) => number {
  const throttle = createThrottle({ slots: SLOTS, ...(now && { now }) })
  return ({ statusCode }, { ip }) => {
    if (statusCode !== 429) return 0
    const key = hash('sha256', limitKey(ip), 'hex')
    return throttle.take(key, 1_000 / PER_SECOND, BURST) > 0 ? PAUSE_MS : 0
  }
}
