import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'

/**
 * One more request in the window of this key; a window that has passed starts again.
 *
 * @param windowMs how long a new window lasts
 * @returns the requests of this window, and the milliseconds it still has
 */
export async function countRequest(
  db: Db,
  key: string,
  windowMs: number,
): Promise<{ current: number; ttl: number }> {
  const { rows } = await sql<{ current: number; ttl: number }>`
    insert into rate_limits as r (key, count, resets_at)
    values (${key}, 1, now() + ${windowMs}::int * interval '1 millisecond')
    on conflict (key) do update
    set
      count = case when r.resets_at <= now() then 1 else least(r.count, 2000000000) + 1 end,
      resets_at = case when r.resets_at <= now() then excluded.resets_at else r.resets_at end
    returning count as current, ceil(extract(epoch from resets_at - now()) * 1000)::int as ttl
  `.execute(db)
  return rows[0] as { current: number; ttl: number }
}
