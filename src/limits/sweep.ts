import { sql } from 'kysely'
import { BATCH, inBatches } from '../db/batches.ts'
import type { Db } from '../db/pool.ts'

/**
 * Forgets windows that have passed. Any number of instances can do it at once.
 *
 * @returns how many went
 */
export function sweepRateLimits(db: Db, signal?: AbortSignal): Promise<number> {
  return inBatches(async () => {
    const { numAffectedRows } = await sql`
      delete from rate_limits
      where key = any(array(
        select key from rate_limits where resets_at <= now() limit ${BATCH} for update skip locked
      ))
    `.execute(db)
    return Number(numAffectedRows ?? 0n)
  }, signal)
}
