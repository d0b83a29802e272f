import { sql } from 'kysely'
import { BATCH, inBatches } from '../db/batches.ts'
import type { Db } from '../db/pool.ts'

/** What has expired is kept for so long: a late device is told why. */
export const KEEP_SECONDS = 600
/** An expired sign-in still knows its app for so long, and so the way back. */
export const KEEP_INTERACTION_SECONDS = 3_600

/**
 * Deletes what the protocol remembered and has expired. Any number of instances can do it at once.
 *
 * @returns how many records went
 */
export function sweepRecords(db: Db, signal?: AbortSignal): Promise<number> {
  return inBatches(async () => {
    const { numAffectedRows } = await sql`
      delete from oidc_records
      where (model, id) in (
        select model, id from oidc_records
        where expires_at <= now() - ${KEEP_SECONDS}::int * interval '1 second'
          and (
            model <> 'Interaction'
            or expires_at <= now() - ${KEEP_INTERACTION_SECONDS}::int * interval '1 second'
          )
        order by expires_at
        limit ${BATCH}
        for update skip locked
      )
    `.execute(db)
    return Number(numAffectedRows ?? 0n)
  }, signal)
}
