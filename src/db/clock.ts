import { sql } from 'kysely'
import type { Db } from './pool.ts'

/** Clocks drift by some milliseconds in this time. */
const KEEP_MS = 60_000

/**
 * The database's clock, in seconds since 1970, without a statement each time: asked once a minute, and
 * counted on from there. Where the database does not answer it is this machine's.
 */
export function createDatabaseClock(db: Db): () => Promise<number> {
  let known: { at: number; seconds: number } | null = null
  let asking: Promise<number> | null = null

  async function ask(): Promise<number> {
    try {
      const { rows } = await sql<{ now: number }>`
        select extract(epoch from clock_timestamp())::float8 as now
      `.execute(db)
      const seconds = (rows[0] as { now: number }).now
      known = { at: performance.now(), seconds }
      return seconds
    } catch {
      return known ? known.seconds + (performance.now() - known.at) / 1_000 : Date.now() / 1_000
    } finally {
      asking = null
    }
  }
  return async () => {
    if (known && performance.now() - known.at < KEEP_MS) {
      return known.seconds + (performance.now() - known.at) / 1_000
    }
    return (asking ??= ask())
  }
}
