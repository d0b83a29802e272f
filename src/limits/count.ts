import DataLoader from 'dataloader'
import { sql } from 'kysely'
import { createBatchSchedule } from '../db/batch-schedule.ts'
import type { Db } from '../db/pool.ts'

/** How many requests the window of a key has seen, and the milliseconds that it still has. */
export type Count = { current: number; ttl: number }

/** How long a window is; after it the count begins again. */
export const WINDOW_MS = 60_000
/** A statement that hangs holds up only half of the requests. */
const IN_FLIGHT = 2
const LARGEST_BATCH = 1_000

export type Counter = {
  /** One more request in the windows of these keys; a count for each key, in their order. */
  count(keys: readonly string[]): Promise<Count[]>
  /**
   * One request less: it was none of those that are counted there. The last one stays: a row says
   * that there was one.
   */
  uncount(keys: readonly string[]): Promise<void>
}

/** Requests that come while others are being counted are counted together, in one statement. */
export function createCounter(db: Db): Counter {
  const schedule = createBatchSchedule({ inFlight: IN_FLIGHT })
  const loader = new DataLoader<string, Count>(
    async (keys) => {
      try {
        return await countTogether(db, keys)
      } finally {
        schedule.done()
      }
    },
    { cache: false, maxBatchSize: LARGEST_BATCH, batchScheduleFn: schedule.dispatch },
  )
  return {
    count: (keys) => Promise.all(keys.map((key) => loader.load(key))),
    uncount: (keys) => uncount(db, keys),
  }
}

/**
 * The keys may repeat. Rows are locked in the order of their keys, whichever instance does it, so that
 * no two wait for each other.
 */
async function countTogether(db: Db, keys: readonly string[]): Promise<Count[]> {
  const times = new Map<string, number>()
  for (const key of keys) times.set(key, (times.get(key) ?? 0) + 1)
  const { rows } = await sql<Count & { key: string }>`
    insert into rate_limits as r (key, count, resets_at)
    select key, times, now() + ${WINDOW_MS}::int * interval '1 millisecond'
    from unnest(${[...times.keys()]}::text[], ${[...times.values()]}::int[]) as asked (key, times)
    order by key
    on conflict (key) do update
    set
      count = excluded.count
        + case when r.resets_at <= now() then 0 else least(r.count, 2000000000) end,
      resets_at = case when r.resets_at <= now() then excluded.resets_at else r.resets_at end
    returning key, count as current, ceil(extract(epoch from resets_at - now()) * 1000)::int as ttl
  `.execute(db)
  const found = new Map(rows.map((row) => [row.key, row]))
  return keys.map((key) => {
    const { current, ttl } = found.get(key) as Count
    const after = times.get(key) as number
    times.set(key, after - 1)
    // The first that came is counted first, so the last one has the whole count.
    return { current: current - after + 1, ttl }
  })
}

async function uncount(db: Db, keys: readonly string[]): Promise<void> {
  await sql`
    update rate_limits
    set count = greatest(1, count - 1)
    where key in (
        select key
        from rate_limits
        where key = any(${[...keys]}::text[]) and resets_at > now()
        order by key
        for update
      )
  `.execute(db)
}
