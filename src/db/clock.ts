import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import type { Db } from './pool.ts'

/** What waits for this clock is to be answered in time, so a database that hangs is not waited for. */
const PATIENCE_MS = 300
/** Clocks drift by some milliseconds in this time. */
const KEEP_MS = 60_000

/**
 * The database's clock, in seconds since 1970, without a statement each time: asked once a minute, and
 * counted on from there. Where the database does not answer at once it is what was known, or this
 * machine's.
 */
export function createDatabaseClock(db: Db): () => Promise<number> {
  let known: { at: number; seconds: number } | null = null
  let asking: Promise<void> | null = null

  const counted = (): number =>
    known ? known.seconds + (performance.now() - known.at) / 1_000 : Date.now() / 1_000

  async function ask(): Promise<void> {
    try {
      const { rows } = await sql<{ now: number }>`
        select extract(epoch from clock_timestamp())::float8 as now
      `.execute(db)
      known = { at: performance.now(), seconds: (rows[0] as { now: number }).now }
    } catch {
      // It is counted on, and the next one asks again.
    } finally {
      asking = null
    }
  }

  return async () => {
    if (known && performance.now() - known.at < KEEP_MS) return counted()
    asking ??= ask()
    const enough = new AbortController()
    await Promise.race([
      asking,
      sleep(PATIENCE_MS, undefined, { signal: enough.signal }).catch(() => {}),
    ])
    enough.abort()
    return counted()
  }
}
