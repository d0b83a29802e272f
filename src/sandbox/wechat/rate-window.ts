import { FifoMap } from 'toad-cache'

// A day of quota starts at midnight in China. Whole hours do not shift a minute's window.
const CHINA_OFFSET_MS = 8 * 3600_000
const MAX_KEYS = 10_000

export type RateWindow = {
  /** Counts one call of `key`; false when the window is used up (a refused call is not counted). */
  take(key?: string): boolean
}

/** A fixed window, as in "retry next minute": at most `limit` calls per key in each `windowMs`. */
export function createRateWindow(options: {
  limit: number
  windowMs: number
  now: () => number
}): RateWindow {
  const { limit, windowMs, now } = options
  const counts = new FifoMap<number>(MAX_KEYS)
  let current = -1

  return {
    take(key = '') {
      const window = Math.floor((now() + CHINA_OFFSET_MS) / windowMs)
      if (window !== current) {
        counts.clear()
        current = window
      }
      const count = counts.get(key) ?? 0
      if (count >= limit) return false
      counts.set(key, count + 1)
      return true
    },
  }
}
