import { sql } from 'kysely'
import { BATCH, inBatches } from '../db/batches.ts'
import type { Db } from '../db/pool.ts'

/**
 * Forgets rows of the audit trail older than `days`; 0 forgets all of it. Any number of instances can
 * do it at once.
 *
 * @returns how many rows went
 */
export function sweepAuditTrail(db: Db, days: number, signal?: AbortSignal): Promise<number> {
  return inBatches(async () => {
    const { numAffectedRows } = await sql`
      delete from logins
      where id = any(array(
        select id
        from logins
        where created_at <= now() - ${days}::int * interval '1 day'
        order by created_at
        limit ${BATCH}
        for update skip locked
      ))
    `.execute(db)
    return Number(numAffectedRows ?? 0n)
  }, signal)
}
