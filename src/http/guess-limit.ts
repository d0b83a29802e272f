import type { FastifyRequest } from 'fastify'
import { hash } from 'node:crypto'
import { AppError } from '../errors.ts'
import { createMissLimit, type MissLimit } from './miss-limit.ts'

/** Wrong secrets, unknown scenes and unknown paths of one address. */
const PER_MINUTE = 120
/** Of an address that guesses more, so many requests are still worked on. */
const PER_SECOND = 10
/** So many scenes are known to exist, in 256 kB; of two that meet in a slot the later one is. */
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
  const known = new Uint32Array(SCENES)
  /** The slot of a scene, and what marks it there; 0 is an unused slot. */
  const placeOf = (scene: string): [number, number] => {
    const digits = hash('sha256', scene, 'hex')
    const at = (start: number) => Number.parseInt(digits.slice(start, start + 8), 16)
    return [at(0) % SCENES, at(8) || 1]
  }

  return {
    count: misses.count,
    run: misses.run,
    learn(scene) {
      const [slot, tag] = placeOf(scene)
      known[slot] = tag
    },
    admit(request, scene) {
      const [slot, tag] = placeOf(scene)
      if (known[slot] !== tag) misses.admit(request)
    },
    look: (request, scene, work) =>
      misses.countMiss(request, async () => {
        try {
          return await work()
        } catch (error) {
          // Swept since: from now on it is as good as invented.
          if (error instanceof AppError && error.code === 'TICKET_NOT_FOUND') {
            const [slot, tag] = placeOf(scene)
            if (known[slot] === tag) known[slot] = 0
          }
          throw error
        }
      }),
  }
}
