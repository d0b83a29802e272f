import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
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
