import { createThrottle } from './gcra.ts'

/** How fast tickets may be polled. It belongs to a ticket's holder, who is known by the right secret. */
export type PollPace = {
  /** @returns 0, or how many milliseconds too early it was */
  take(secretHash: string, interval?: number): number
  /** What `take` would return, counting nothing. */
  peek(secretHash: string): number
  /** Whether a secret was right here before. */
  knows(secretHash: string): boolean
  /** A secret is right: its ticket has just been made. */
  learn(secretHash: string): void
}

/**
 * So much of the pace comes free, ten polls of a pending ticket: a reload, a tab that wakes, an
 * impatient person. In milliseconds, so that it is no less once the interval is.
 */
const BURST_MS = 10_000

export function createPollPace(): PollPace {
  // 65,536 waiting browsers each have a slot of their own, in 1.3 MB that never grow.
  const throttle = createThrottle({ slots: 65_536 })
  return {
    take(secretHash, interval = 0) {
      const everyMs = (interval || 1) * 500
      return throttle.take(secretHash, everyMs, BURST_MS / everyMs)
    },
    peek: throttle.peek,
    knows: throttle.knows,
    learn: throttle.learn,
  }
}
