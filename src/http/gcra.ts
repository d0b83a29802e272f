/**
 * A throttle of fixed size: the generic cell rate algorithm (ITU-T I.371) over a table of slots.
 * It needs no timers and no clean-up, and costs the same memory for one key as for a million. Two
 * keys that meet in a slot make it more lenient, never stricter: a slot is used by one key alone,
 * and the newcomer starts afresh.
 */
export type Throttle = {
  /**
   * Counts one call.
   *
   * @param key a hash in hexadecimal: at least 16 digits, uniformly distributed
   * @param everyMs one call in this time is always fine
   * @param burst so many calls beyond that are free
   * @returns 0, or in how many milliseconds the call would be fine; a refused call is not counted
   */
  take(key: string, everyMs: number, burst: number): number
  /** What `take` would return, counting nothing. A key that was never taken is always fine. */
  peek(key: string): number
  /** Whether the key was taken or learned before, and its slot by no other since. */
  knows(key: string): boolean
  /** Knows the key from now on. What it has used up stays so; of a new one that is nothing. */
  learn(key: string): void
  /** Knows the key no more. */
  forget(key: string): void
}

export function createThrottle(options: { slots: number; now?: () => number }): Throttle {
  const { slots, now = () => performance.now() } = options
  const tags = new Uint32Array(slots)
  /** When a slot's key has used up what it may: the theoretical arrival time of its next call. */
  const due = new Float64Array(slots)
  /** How far ahead of time its next call may come. */
  const slack = new Float64Array(slots)

  const slotOf = (key: string) => Number.parseInt(key.slice(0, 8), 16) % slots
  // 0 marks an unused slot.
  const tagOf = (key: string) => Number.parseInt(key.slice(8, 16), 16) || 1

  const knows = (key: string) => tags[slotOf(key)] === tagOf(key)

  return {
    take(key, everyMs, burst) {
      const slot = slotOf(key)
      const tag = tagOf(key)
      const at = now()
      const expected = tags[slot] === tag ? Math.max(due[slot] as number, at) : at
      const ahead = expected - at - burst * everyMs
      if (ahead > 0) return ahead
      tags[slot] = tag
      due[slot] = expected + everyMs
      slack[slot] = burst * everyMs
      return 0
    },
    knows,
    learn(key) {
      if (knows(key)) return
      const slot = slotOf(key)
      tags[slot] = tagOf(key)
      due[slot] = 0
      slack[slot] = 0
    },
    forget(key) {
      if (knows(key)) tags[slotOf(key)] = 0
    },
    peek(key) {
      const slot = slotOf(key)
      if (tags[slot] !== tagOf(key)) return 0
      return Math.max(0, (due[slot] as number) - now() - (slack[slot] as number))
    },
  }
}
