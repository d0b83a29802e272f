import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { connect } from '../../src/db/connect.ts'
import type { Db } from '../../src/db/pool.ts'
import { isUnavailable } from '../../src/db/unavailable.ts'
import { postgresUrl, quietLog } from '../fixtures/postgres/database.ts'

/** A pool of one connection, and another pool to look at it from outside. */
async function setUp(t: Test, queryTimeoutMs?: number) {
  const url = await postgresUrl(t)
  const warnings: { reason: string; message: string }[] = []
  const log = {
    info: () => {},
    warn: (details: object, message: string) =>
      void warnings.push({ ...(details as { reason: string }), message }),
  }
  const one = await connect({ url, poolSize: 1, log, ...(queryTimeoutMs && { queryTimeoutMs }) })
  const outside = await connect({ url, poolSize: 1, log: quietLog })
  t.teardown(one.close)
  t.teardown(outside.close)
  return { db: one.db, poolUse: one.poolUse, outside: outside.db, warnings }
}

const pidOf = async (db: Db): Promise<number> =>
  (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid ?? 0

const reasonOf = (work: Promise<unknown>) =>
  work.then(
    () => null,
    (error: Error) => error,
  )

/** Silence makes the pool careful for a moment. */
async function recovered(db: Db): Promise<void> {
  while (await reasonOf(sql`select 1`.execute(db))) await sleep(10)
}

t.test('a statement that takes too long fails, and the pool goes on without it', async (t) => {
  const { db } = await setUp(t, 150)
  const before = await pidOf(db)
  const error = await reasonOf(sql`select pg_sleep(20), 'late'`.execute(db))
  t.match(error, { message: 'Query read timeout' })
  t.ok(isUnavailable(error))

  await recovered(db)
  for (let n = 0; n < 3; n++) {
    t.same((await sql`select ${n}::int as n`.execute(db)).rows, [{ n }], 'its own answer')
  }
  t.not(await pidOf(db), before, 'over another connection')
})

t.test('the same within a transaction, which leaves nothing behind', async (t) => {
  const { db } = await setUp(t, 150)
  const error = await reasonOf(
    db.transaction().execute(async (tx) => {
      await sql`insert into users default values`.execute(tx)
      await sql`select pg_sleep(20)`.execute(tx)
    }),
  )
  t.ok(isUnavailable(error), String(error))
  await recovered(db)
  t.same((await sql`select count(*)::int as n from users`.execute(db)).rows, [{ n: 0 }])
})

t.test('an answer that came while the process stood still is not too late', async (t) => {
  const { db } = await setUp(t, 150)
  await sql`select 1`.execute(db)
  const asked = sql`select 1 as one, pg_sleep(0.05)`.execute(db)
  await sleep(10)
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300)
  t.match((await asked).rows, [{ one: 1 }])
})

t.test('a connection that is lost while idle is replaced, and logged', async (t) => {
  const { db, outside, warnings } = await setUp(t)
  const pid = await pidOf(db)
  await sql`select pg_terminate_backend(${pid}::int)`.execute(outside)
  // The news travels over a socket: until it is here, the pool may still hand the connection out.
  for (let tries = 0; warnings.length === 0 && tries < 100; tries++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.match(warnings, [{ message: 'a database connection was lost', reason: /terminat/ }])
  t.not(await pidOf(db), pid)
})

t.test('a connection that is lost under a statement fails that one only', async (t) => {
  const { db, outside } = await setUp(t)
  const pid = await pidOf(db)
  const sleeping = reasonOf(sql`select pg_sleep(20)`.execute(db))
  for (let tries = 0, active = false; !active && tries < 100; tries++) {
    const { rows } = await sql`
      select from pg_stat_activity where pid = ${pid}::int and query like '%pg_sleep%' and state = 'active'
    `.execute(outside)
    active = rows.length > 0
  }
  await sql`select pg_terminate_backend(${pid}::int)`.execute(outside)
  t.ok(isUnavailable(await sleeping))
  t.not(await pidOf(db), pid)
})

t.test('a statement that is wrong costs no connection', async (t) => {
  const { db } = await setUp(t)
  const pid = await pidOf(db)
  const error = await reasonOf(sql`select from there_is_none`.execute(db))
  t.match(error, { code: '42P01' })
  t.notOk(isUnavailable(error))
  t.equal(await pidOf(db), pid)
})

t.test('a caller that gets no connection of the pool is told so within a second', async (t) => {
  const { db, poolUse } = await setUp(t)
  t.same(poolUse?.(), { total: 1, idle: 1, waiting: 0, max: 1 })
  await db.transaction().execute(async (tx) => {
    await sql`select 1`.execute(tx)
    const started = performance.now()
    const waiting = reasonOf(sql`select 1`.execute(db))
    await new Promise((resolve) => setImmediate(resolve))
    t.same(poolUse?.(), { total: 1, idle: 0, waiting: 1, max: 1 })
    const error = await waiting
    t.match(error, { message: /timeout exceeded when trying to connect/ })
    t.ok(isUnavailable(error))
    t.ok(performance.now() - started < 5_000)
  })
  t.ok(await pidOf(db), 'afterwards there is one')
})

t.test('it is busy while more callers wait than it can serve soon', async (t) => {
  const { db, busy, close } = await connect({
    url: await postgresUrl(t),
    poolSize: 1,
    log: quietLog,
  })
  t.teardown(close)
  t.notOk(busy())
  const asked = Array.from({ length: 50 + 2 }, () => sql`select 1`.execute(db))
  while (!busy()) await new Promise((resolve) => process.nextTick(resolve))
  await Promise.all(asked)
  t.notOk(busy())
})

t.test(
  'a statement that comes again is prepared, and goes unprepared where a pooler loses it',
  async (t) => {
    const { db } = await setUp(t)
    const probe = async (n: number) => (await sql`select ${n}::int as n`.execute(db)).rows
    const kept = async () =>
      (
        await sql`
        select name from pg_prepared_statements where statement like 'select $1::int as n'
      `.execute(db)
      ).rows as { name: string }[]

    t.same(await probe(1), [{ n: 1 }])
    t.same(await kept(), [], 'once is not again')
    t.same(await probe(2), [{ n: 2 }])
    t.match(await kept(), [{ name: /^s_[0-9a-f]{16}$/ }])
    // As if the next statement had got a connection that another client has used.
    await sql`deallocate all`.execute(db)
    t.same(await probe(3), [{ n: 3 }])
    t.same(await probe(4), [{ n: 4 }])
    t.same(await kept(), [])
  },
)

t.test('a prepared statement survives a migration that changes what it returns', async (t) => {
  const { db } = await setUp(t)
  await sql`create table things (n int)`.execute(db)
  await sql`insert into things values (1)`.execute(db)
  const all = async () => (await sql`select * from things`.execute(db)).rows
  for (const _ of [1, 2]) t.same(await all(), [{ n: 1 }])
  await sql`alter table things add column m int`.execute(db)
  t.same(await all(), [{ n: 1, m: null }])
})
