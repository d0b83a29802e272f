/**
 * Knows whether the database answers at all, so that while it does not only one caller at a time
 * waits to find out, and the others are told at once.
 */
export type Outage = {
  /**
   * Before asking for anything.
   *
   * @returns when, for `failed`
   * @throws what the last one got, while the database is lost and it is not this caller's turn
   */
  enter(): number
  /** Something came back, if only an error. */
  answered(): void
  /** A caller that had entered at `since` got no answer but this error. */
  failed(since: number, error: unknown): void
  /** A caller is done, however it ended. */
  leave(): void
  /** Whether a connection that was opened at this time may have been lost with the database. */
  distrusts(openedAt: number): boolean
}

/** Who was waiting behind the one that failed fails with it, instead of being the next to try. */
const PAUSE_MS = 100

/** @param now milliseconds of a clock that nobody sets */
export function createOutage(now: () => number = () => performance.now()): Outage {
  let lost: { reason: unknown; tryFrom: number } | null = null
  let trying = false
  let lostAt = -Infinity
  let answeredAt = -Infinity

  return {
    enter() {
      const at = now()
      if (lost) {
        if (trying || at < lost.tryFrom) throw lost.reason
        trying = true
      }
      return at
    },
    answered() {
      answeredAt = now()
      lost = null
    },
    failed(since, reason) {
      // Others were answered meanwhile: it was this statement, not the database.
      if (answeredAt > since) return
      if (!lost) lostAt = now()
      lost = { reason, tryFrom: now() + PAUSE_MS }
    },
    leave() {
      trying = false
    },
    distrusts: (openedAt) => openedAt <= lostAt,
  }
}
