/**
 * A circuit breaker: while the database does not answer, only one caller at a time waits to find
 * out, and the others fail at once.
 */
export type Circuit = {
  /**
   * Before asking for anything.
   *
   * @returns the time, for `failed`
   * @throws the last caller's error, while the database is lost and it is not this caller's turn
   */
  enter(): number
  /** An answer arrived, if only an error. */
  answered(): void
  /** A caller that had entered at `since` got no answer but this error. */
  failed(since: number, error: unknown): void
  /** A caller is done, however it ended. */
  leave(): void
  /** Whether a connection that was opened at this time may have been lost with the database. */
  distrusts(openedAt: number): boolean
}

/** Callers that waited behind the one that failed fail with it, instead of being the next to try. */
const PAUSE_MS = 100

/** @param now milliseconds of a monotonic clock */
export function createCircuit(now: () => number = () => performance.now()): Circuit {
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
