import { setTimeout as sleep } from 'node:timers/promises'

/** serialization_failure, deadlock_detected: the database gave this transaction up for another one. */
const SQL_STATES = new Set(['40001', '40P01'])

const ATTEMPTS = 6
/** Up to so many milliseconds before the second attempt, twice as many before each later one. */
const FIRST_PAUSE_MS = 8

/** Whether a transaction, or a statement outside of one, lost against another and left nothing behind. */
export const isConflict = (error: unknown): boolean =>
  error instanceof Error && SQL_STATES.has(String((error as { code?: unknown }).code))

/**
 * Does a work of the database again for as long as it loses against others, half a dozen times at
 * most: nothing of it has happened then. Pauses differ, so that those who met do not meet again.
 *
 * @param work a statement, or a transaction as a whole; has no effect but on the database
 */
export async function despiteConflicts<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      if (!isConflict(error) || attempt >= ATTEMPTS) throw error
      await sleep(Math.random() * FIRST_PAUSE_MS * 2 ** (attempt - 1))
    }
  }
}
