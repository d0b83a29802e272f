import { sql } from 'kysely'
import { BATCH, inBatches } from '../db/batches.ts'
import type { Db } from '../db/pool.ts'
import { GRACE_SECONDS, KEEP_SECONDS, type Windows } from './ticket.ts'

/** Three windows of an hour each, the most the settings allow: also after they have been lowered. */
const LONGEST_POSSIBLE_LIFE = 3 * 3600 + KEEP_SECONDS

/**
 * Forgets tokens that may not be collected any more, and deletes tickets that have said `expired` for
 * long enough. Small batches of rows that are not locked, so any number of instances can do it at once.
 * Both find their rows by `created_at`, which never changes: an index on `expires_at` or `status`
 * would make every transition a cold update.
 *
 * @returns how many tokens and rows went, and how many of the rows were unfinished: an expiry is
 *   never an event, so this is where it can be counted, once
 */
export async function sweepTickets(
  db: Db,
  windows: Windows,
  signal?: AbortSignal,
): Promise<{ tokens: number; tickets: number; expired: number }> {
  const longestLife = windows.ticket + windows.confirm + windows.pickup
  const tokens = await inBatches(() => forgetTokens(db), signal)
  let expired = 0
  const tickets = await inBatches(async () => {
    const gone = await deleteOld(db, longestLife)
    expired += gone.expired
    return gone.tickets
  }, signal)
  return { tokens, tickets, expired }
}

async function forgetTokens(db: Db): Promise<number> {
  const { numAffectedRows } = await sql`
    update tickets
    set token = null
    where scene = any(array(
      select scene
      from tickets
      where created_at > now() - ${LONGEST_POSSIBLE_LIFE}::int * interval '1 second'
        and token is not null
        and (
          (status = 'confirmed' and expires_at <= now())
          or consumed_at <= now() - ${GRACE_SECONDS}::int * interval '1 second'
        )
      order by created_at
      limit ${BATCH}
      for update skip locked
    ))
  `.execute(db)
  return Number(numAffectedRows ?? 0n)
}

async function deleteOld(
  db: Db,
  longestLife: number,
): Promise<{ tickets: number; expired: number }> {
  const { rows } = await sql<{ tickets: number; expired: number }>`
    with gone as (
      delete from tickets
      where scene = any(array(
        select scene
        from tickets
        where created_at <= now() - ${longestLife + KEEP_SECONDS}::int * interval '1 second'
          and expires_at <= now() - ${KEEP_SECONDS}::int * interval '1 second'
        order by created_at
        limit ${BATCH}
        for update skip locked
      ))
      returning status
    )
    select
      count(*)::int as tickets,
      (count(*) filter (where status in ('pending', 'scanned', 'confirmed')))::int as expired
    from gone
  `.execute(db)
  return rows[0] as { tickets: number; expired: number }
}
