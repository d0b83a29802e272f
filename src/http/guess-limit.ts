import type { FastifyRequest } from 'fastify'
import { hash } from 'node:crypto'
import { AppError } from '../errors.ts'
import { createThrottle } from './gcra.ts'
import { createMissLimit, type MissLimit } from './miss-limit.ts'

/** Wrong secrets, unknown scenes and unknown paths of one address. */
const PER_MINUTE = 120
/** Of an address that guesses more, so many requests are still worked on. */
const PER_SECOND = 10
/** So many scenes are known to exist, in 1.3 MB; of two that meet in a slot the later one is. */
const SCENES = 65_536

/**
 * The limit on strangers' guesses. A scene that this instance has created, or has seen polled with
 * its secret, is no guess: a flood of invented scenes from behind a carrier's address keeps none of
 * the phones there from theirs.
 */
export type GuessLimit = Pick<MissLimit, 'count' | 'run'> & {
  /** This scene exists. */
  learn(scene: string): void
  /** Whether work that looks for this scene may begin. @throws {AppError} `RATE_LIMITED` */
  admit(request: FastifyRequest, scene: string): void
  /** Does that work. @throws {AppError} what the work throws; `RATE_LIMITED` for one miss too many */
  look<T>(request: FastifyRequest, scene: string, work: () => Promise<T>): Promise<T>
}

export function createGuessLimit(): GuessLimit {
  const misses = createMissLimit({
    perMinute: PER_MINUTE,
    perSecond: PER_SECOND,
    misses: ['BAD_SECRET', 'TICKET_NOT_FOUND'],
  })
  const known = createThrottle({ slots: SCENES })
  const keyOf = (scene: string) => hash('sha256', scene, 'hex')

  return {
    count: misses.count,
    run: misses.run,
    learn: (scene) => known.learn(keyOf(scene)),
    admit(request, scene) {
      if (!known.knows(keyOf(scene))) misses.admit(request)
    },
    look: (request, scene, work) =>
      misses.countMiss(request, async () => {
        try {
          return await work()
        } catch (error) {
          // Swept since: from now on it is as good as invented.
          if (error instanceof AppError && error.code === 'TICKET_NOT_FOUND') {
            known.forget(keyOf(scene))
          }
          throw error
        }
      }),
  }
}
