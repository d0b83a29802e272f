import { LruMap } from 'toad-cache'
import type { Count } from './count.ts'

/**
 * The most keys that are remembered, some 10 MB: the one that was asked for longest ago goes first. Not a
 * plain `Map`, which steps over all that it has let go to find its first key: 30 µs in a flood, not 1.
 */
const MOST_KEYS = 50_000

/**
 * While the database counts nothing, an address has its budget anew after so long: a flood must not
 * get past its limit by being more than the database can count.
 */
const UNCOUNTED_MS = 5_000

/**
 * What one instance knows of the counts without asking. It counts its own requests, and learns from
 * the database what the others have counted, so a key that is over its limit is refused from memory:
 * of any number of requests over the limit, no more than the limit cost a statement.
 */
export type LocalCounts = {
  /** Counts a request here; the count as far as it is known. */
  add(key: string, windowMs: number): Count
  /** What the database says of a key. */
  learn(key: string, count: Count): void
  /** One less. */
  take(key: string): void
  /** What is counted here alone is forgotten soon: the database could not count it. */
  shorten(key: string): void
  /** The count as far as it is known; 0 where the key is not. */
  of(key: string): number
}

export function createLocalCounts(now: () => number = () => performance.now()): LocalCounts {
  const known = new LruMap<{ current: number; until: number }>(MOST_KEYS)

  const live = (key: string) => {
    const entry = known.get(key)
    return entry && entry.until > now() ? entry : undefined
  }

  return {
    add(key, windowMs) {
      const entry = live(key)
      const until = entry?.until ?? now() + windowMs
      const current = (entry?.current ?? 0) + 1
      known.set(key, { current, until })
      return { current, ttl: Math.ceil(until - now()) }
    },
    learn(key, { current, ttl }) {
      // Requests of ours that are under way have been counted here and not there yet.
      known.set(key, {
        current: Math.max(current, live(key)?.current ?? 0),
        until: now() + ttl,
      })
    },
    take(key) {
      const entry = live(key)
      if (entry && entry.current > 0) entry.current--
    },
    shorten(key) {
      const entry = live(key)
      if (entry) entry.until = Math.min(entry.until, now() + UNCOUNTED_MS)
    },
    of: (key) => live(key)?.current ?? 0,
  }
}
