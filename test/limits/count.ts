import { sql } from 'kysely'
import t from 'tap'
import { Client } from 'pg'
import { createCounter } from '../../src/limits/count.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'

t.test('each request has a count of its own, in the order in which they came', async (t) => {
  const { db } = await postgresDb(t)
  const { count } = createCounter(db)
  const queries = t.capture(Client.prototype, 'query', Client.prototype.query)
  const counts = await Promise.all(
    Array.from({ length: 500 }, (_, i) => count(i % 2 ? ['odd', 'all'] : ['all'])),
  )
  t.strictSame(
    counts.map((each) => each.at(-1)?.current),
    Array.from({ length: 500 }, (_, i) => i + 1),
  )
  t.equal(counts.at(-1)?.[0]?.current, 250)
  for (const { ttl } of counts.flat()) t.ok(ttl > 55_000 && ttl <= 60_000)
  t.ok(queries().length < 5, 'in few statements')
})

t.test('a window that has passed begins again, for all that come together', async (t) => {
  const { db } = await postgresDb(t)
  const { count } = createCounter(db)
  await sql`insert into rate_limits values ('a', 7, now() - interval '1 second')`.execute(db)
  await sql`insert into rate_limits values ('b', 7, now() + interval '5 seconds')`.execute(db)
  const [first, second] = await Promise.all([count(['a', 'b']), count(['a', 'b'])])
  t.match(first, [{ current: 1 }, { current: 8 }])
  t.match(second, [{ current: 2 }, { current: 9 }])
  t.ok((first[0]?.ttl ?? 0) > 50_000)
  t.ok((first[1]?.ttl ?? 0) <= 5_000)
})

t.test('instances that count the same keys in any order do not wait for each other', async (t) => {
  const { db } = await postgresDb(t)
  const counters = [createCounter(db), createCounter(db), createCounter(db)]
  const keys = Array.from({ length: 20 }, (_, i) => `key-${i}`)
  await Promise.all(
    Array.from({ length: 60 }, (_, i) => {
      const { count, uncount } = counters[i % 3] as (typeof counters)[number]
      const turned = i % 2 ? keys : keys.toReversed()
      return count(turned).then(() => (i % 5 ? undefined : uncount(turned)))
    }),
  )
  const { rows } = await sql`select distinct count from rate_limits`.execute(db)
  t.same(rows, [{ count: 60 - 12 }])
})
