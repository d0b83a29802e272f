import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'

/** How many requests the window of a key has seen, and the milliseconds that it still has. */
export type Count = { current: number; ttl: number }

/**
 * One more request in the windows of these keys, in one statement; a window that has passed starts
 * again. Callers give keys in one order, the widest first, so that no two wait for each other.
 *
 * @param windowMs how long a new window lasts
 * @returns a count for each key, in their order
 */
export async function countRequest(
  db: Db,
  keys: readonly string[],
  windowMs: number,
): Promise<Count[]> {
  const rows = keys.map(
    (key) => sql`(${key}, 1, now() + ${windowMs}::int * interval '1 millisecond')`,
  )
  const counted = await sql<Count & { key: string }>`
    insert into rate_limits as r (key, count, resets_at)
    values ${sql.join(rows)}
    on conflict (key) do update
    set
      count = case when r.resets_at <= now() then 1 else least(r.count, 2000000000) + 1 end,
      resets_at = case when r.resets_at <= now() then excluded.resets_at else r.resets_at end
    returning key, count as current, ceil(extract(epoch from resets_at - now()) * 1000)::int as ttl
  `.execute(db)
  const found = new Map(counted.rows.map(({ key, current, ttl }) => [key, { current, ttl }]))
  return keys.map((key) => found.get(key) as Count)
}

/** One request less in the windows of these keys: it was none of those that are counted there.
 * The last one stays: a row says that there was one. */
export async function uncountRequest(db: Db, keys: readonly string[]): Promise<void> {
  await sql`
    update rate_limits
    set count = greatest(1, count - 1)
    where key in (
        select key
        from rate_limits
        where key = any(${[...keys]}::text[]) and resets_at > now()
        order by array_position(${[...keys]}::text[], key)
        for update
      )
  `.execute(db)
}
