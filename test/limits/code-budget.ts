import { sql } from 'kysely'
import t from 'tap'
import { CODES_PER_MINUTE, FAIR_SHARE, takeCode } from '../../src/limits/code-budget.ts'
import { createCounter } from '../../src/limits/count.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'

const { db } = await postgresDb(t)
const counter = createCounter(db)

/** So many codes have been made in this minute. */
const made = (count: number) =>
  sql`
    insert into rate_limits (key, count, resets_at)
    values ('codes', ${count}, now() + interval '30 seconds')
    on conflict (key) do update set count = excluded.count
  `.execute(db)

t.test('as long as there are many, every network may have as many as it asks for', async (t) => {
  for (let i = 0; i < 3 * FAIR_SHARE; i++) t.equal(await takeCode(counter, '192.0.2.1'), 0)
})

t.test('the second half is for networks that have had few', async (t) => {
  await made(CODES_PER_MINUTE / 2 + 10)
  t.ok((await takeCode(counter, '192.0.2.1')) > 0, 'which has had many')
  for (let i = 0; i < FAIR_SHARE; i++) t.equal(await takeCode(counter, '192.0.2.2'), 0)
  t.ok((await takeCode(counter, '192.0.2.2')) > 0)
  t.equal(await takeCode(counter, '192.0.2.3'), 0, 'others go on')
})

t.test('each account has a budget of its own', async (t) => {
  await made(CODES_PER_MINUTE)
  const network = '192.0.2.5'
  t.ok((await takeCode(counter, network)) > 0, 'the mini program has none left')
  for (let i = 0; i < 2 * FAIR_SHARE; i++) {
    t.equal(
      await takeCode(counter, network, 'oa_codes'),
      0,
      'the official account has all of its own',
    )
  }
})

t.test('WeChat’s own limit is never reached', async (t) => {
  await made(CODES_PER_MINUTE)
  const wait = await takeCode(counter, '192.0.2.4')
  t.ok(wait > 0 && wait <= 60_000, `${wait} ms`)
  t.ok(CODES_PER_MINUTE + 3_000 < 5_000)
})
