import { randomBytes } from 'node:crypto'
import fs, { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
import { openPglite } from '../../src/db/embedded/open-pglite.ts'
import type { Db } from '../../src/db/pool.ts'
import { isUnavailable } from '../../src/db/unavailable.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { pgliteDb, pgliteUrl, quietLog } from '../fixtures/postgres/database.ts'

const count = async (db: Db): Promise<number> => {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from users`.execute(db)
  return rows[0]?.n ?? -1
}
const addUser = (db: Db) => sql`insert into users default values`.execute(db)

t.test('callers queue for the one connection', async (t) => {
  const { db } = await pgliteDb(t)

  await t.test('transactions do not interleave', async (t) => {
    const order: string[] = []
    const transaction = (name: string) =>
      db.transaction().execute(async (tx) => {
        for (let i = 0; i < 5; i++) {
          await addUser(tx)
          order.push(name)
        }
        return count(tx)
      })
    const counts = await Promise.all([transaction('a'), transaction('b'), transaction('c')])
    t.equal(order.join(''), 'aaaaabbbbbccccc')
    t.same(counts, [5, 10, 15])
  })

  await t.test('a rollback takes its own rows along and no others', async (t) => {
    const before = await count(db)
    const failing = db.transaction().execute(async (tx) => {
      await addUser(tx)
      await addUser(tx)
      throw new Error('no')
    })
    const other = addUser(db)
    await t.rejects(failing, { message: 'no' })
    await other
    t.equal(await count(db), before + 1)
  })

  await t.test('a statement that fails leaves the connection to the next one', async (t) => {
    await t.rejects(sql`select 1 / 0`.execute(db), { code: '22012' })
    const failing = db.transaction().execute(async (tx) => {
      await t.rejects(sql`select from there_is_none`.execute(tx), { code: '42P01' })
      await t.rejects(addUser(tx), { code: '25P02' }, 'as on any PostgreSQL')
      throw new Error('given up')
    })
    await t.rejects(failing, { message: 'given up' })
    t.ok((await count(db)) > 0)
  })

  await t.test('a code image of the largest size comes back as it went in', async (t) => {
    const image = randomBytes(1024 * 1024)
    await sql`create temporary table images (bytes bytea)`.execute(db)
    await sql`insert into images values (${image})`.execute(db)
    const { rows } = await sql<{ bytes: Buffer }>`select bytes from images`.execute(db)
    t.ok(rows[0]?.bytes.equals(image))
  })

  await t.test('errors name the constraint that was violated', async (t) => {
    const insert = () => sql`insert into leases values ('x', 'y', now()) returning name`.execute(db)
    await insert()
    await t.rejects(insert(), { code: '23505', constraint: 'leases_pkey', table: 'leases' })
  })

  await t.test('a prepared statement is planned once', async (t) => {
    const prepared = (n: number) =>
      sql<{ n: number }>`select ${n}::int + 1 as n /* planned once */`.execute(db)
    for (const n of [1, 2, 3]) t.same((await prepared(n)).rows, [{ n: n + 1 }])
    const { rows } = await sql`
      select name from pg_prepared_statements where statement like '%/* planned once */'
    `.execute(db)
    t.equal(rows.length, 1)
  })

  await t.test('affected rows are counted', async (t) => {
    const { numAffectedRows } = await sql`update users set created_at = now()`.execute(db)
    t.equal(Number(numAffectedRows), await count(db))
    const none = await sql`delete from users where id = gen_random_uuid()`.execute(db)
    t.equal(Number(none.numAffectedRows), 0)
  })
})

t.test('what is committed is there after a restart; what is closed says so', async (t) => {
  const url = pgliteUrl(t)
  const first = await connect({ url, poolSize: 1, log: quietLog })
  await addUser(first.db)
  // Under way when the end comes: it is let through.
  let begun = () => {}
  const underWay = new Promise<void>((resolve) => (begun = resolve))
  const late = first.db.transaction().execute(async (tx) => {
    await addUser(tx)
    begun()
    await addUser(tx)
    await addUser(tx)
  })
  await underWay
  await Promise.all([late, first.close()])
  await t.rejects(addUser(first.db), { message: 'driver has already been destroyed' })

  const second = await connect({ url, poolSize: 1, log: quietLog })
  t.teardown(second.close)
  t.equal(await count(second.db), 4)
})

t.test('in memory it keeps nothing', async (t) => {
  for (let round = 0; round < 2; round++) {
    const { db, close } = await connect({ url: 'pglite:memory', poolSize: 1, log: quietLog })
    t.teardown(close)
    await sql`create table kept (n int)`.execute(db)
  }
})

t.test('a folder that is no database is refused and given back', async (t) => {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'PG_VERSION'), '9.6\n')
  const url = `pglite:${folder}`
  const first = (await connect({ url, poolSize: 1, log: quietLog }).catch((e: Error) => e)) as Error
  t.ok(first instanceof Error)
  t.notOk(isUnavailable(first))
  const again = (await connect({ url, poolSize: 1, log: quietLog }).catch((e: Error) => e)) as Error
  t.notMatch(again.message, 'in use', 'the lock went with the failure')
})

t.test('a caller that gave up leaves nothing behind for the next one', async (t) => {
  const { db, close } = await connect({
    url: pgliteUrl(t),
    poolSize: 1,
    log: quietLog,
    queryTimeoutMs: 300,
  })
  t.teardown(close)
  const slow = db.transaction().execute(async (tx) => {
    await addUser(tx)
    await sql`set local statement_timeout = 0`.execute(tx)
    await sql`select pg_advisory_lock(1)`.execute(tx)
    // It waits with all of a processor.
    await sql`select pg_sleep(0.8)`.execute(tx)
  })
  const error = (await slow.catch((e: Error) => e)) as Error
  t.match(error.message, 'Query read timeout')
  t.ok(isUnavailable(error))

  for (;;) {
    const counted = await count(db).catch((e: Error) => e)
    if (counted === 0) break
    t.ok(counted instanceof Error && isUnavailable(counted), 'until it is done, not now')
    await sleep(50)
  }
  const { rows } = await sql`select from pg_locks where locktype = 'advisory'`.execute(db)
  t.equal(rows.length, 0)
})

t.test('more callers than it can serve soon are told at once', async (t) => {
  const { db, busy, close } = await connect({ url: pgliteUrl(t), poolSize: 10, log: quietLog })
  t.teardown(close)
  t.equal(busy(), false)
  const asked = Array.from({ length: 60 }, () => sql`select pg_sleep(0.001)`.execute(db))
  await new Promise((resolve) => setImmediate(resolve))
  t.equal(busy(), true, 'for the service to shed load')
  await Promise.allSettled(asked)
  t.equal(busy(), false)

  const blocking = sql`select pg_sleep(3)`.execute(db).catch((e: Error) => e)
  const began = performance.now()
  t.ok(isUnavailable(await count(db).catch((e: Error) => e)))
  t.ok(performance.now() - began < 2_500, 'and none waits longer than with PostgreSQL')
  t.ok(isUnavailable(await blocking))
})

t.test('a commit is on the disk before its caller hears of it', async (t) => {
  const folder = temporaryFolder(t)
  const real = fs.fsyncSync
  let synced = 0
  t.teardown(() => void (fs.fsyncSync = real))
  fs.fsyncSync = (fd) => {
    synced++
    real(fd)
  }
  const database = await openPglite(folder, () => {})
  t.teardown(() => database.close())
  await database.exec('create table kept (n int)')
  synced = 0
  for (let n = 0; n < 10; n++) await database.query('insert into kept values ($1)', [n])
  t.equal(synced, 10)
  const { rows } = await database.query(`
    select name, setting from pg_settings
    where name in ('fsync', 'full_page_writes', 'synchronous_commit') order by name
  `)
  t.same(
    rows,
    ['fsync', 'full_page_writes', 'synchronous_commit'].map((name) => ({ name, setting: 'on' })),
  )
})
