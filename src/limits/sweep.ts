import { sql } from 'kysely'
import { BATCH } from '../db/batches.ts'
import type { Db } from '../db/pool.ts'

/**
 * Forgets windows that have passed, one batch of them.
 *
 * @returns how many went
 */
export async function sweepRateLimits(db: Db): Promise<number> {
  const { numAffectedRows } = await sql`
    delete from rate_limits
    where key = any(array(
      select key from rate_limits where resets_at <= now() limit ${BATCH} for update skip locked
    ))
  `.execute(db)
  return Number(numAffectedRows ?? 0n)
}
