import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
import type { Db } from '../../src/db/pool.ts'
import { identifyUser } from '../../src/users/identify.ts'
import {
  databases,
  postgresDb,
  postgresUrl,
  quietLog,
  type Teardown,
} from '../fixtures/postgres/database.ts'

const person = (openid: string, unionid: string | null = null, appid = 'wx1') => ({
  appid,
  openid,
  unionid,
})

const usersOf = async (db: Db, openid: string): Promise<string[]> => {
  const { rows } = await sql<{ id: string }>`
    select distinct user_id as id from identities where openid like ${`${openid}%`}
  `.execute(db)
  return rows.map((row) => row.id)
}

const mergedInto = async (db: Db, id: string): Promise<string | null | undefined> => {
  const { rows } = await sql<{ merged_into: string | null }>`
    select merged_into from users where id = ${id}::uuid
  `.execute(db)
  return rows[0]?.merged_into
}

/** Registered that many days ago. */
async function aged(db: Db, id: string, days: number): Promise<void> {
  await sql`
    update users set created_at = now() - ${days}::int * interval '1 day' where id = ${id}::uuid
  `.execute(db)
}

for (const { name, open } of databases) {
  t.test(`who a person is, on ${name}`, async (t) => {
    const { db } = await open(t)

    await t.test('first sight registers, the second finds', async (t) => {
      const first = await identifyUser(db, person('first'))
      t.match(first, { id: /^[0-9a-f-]{36}$/, created: true })
      t.same(
        { ...(await identifyUser(db, person('first'))), now: 0 },
        { ...first, created: false, now: 0 },
      )

      const elsewhere = await identifyUser(db, person('first', null, 'wx2'))
      t.equal(
        elsewhere.created,
        true,
        'the same openid of another mini program is another identity',
      )
      t.not(elsewhere.id, first.id)
      const upper = await identifyUser(db, person('FIRST'))
      t.not(upper.id, first.id, 'openids differ by case')
    })

    await t.test('a unionid makes two identities one user', async (t) => {
      const one = await identifyUser(db, person('both', 'u-both'))
      const other = await identifyUser(db, person('both', 'u-both', 'wx2'))
      t.same([other.id, other.created], [one.id, true], 'a new identity of a known user')
      t.equal((await usersOf(db, 'both')).length, 1)
      const without = await identifyUser(db, person('both'))
      t.same(
        [without.id, without.created],
        [one.id, false],
        'once known, it need not be said again',
      )
      const { rows } = await sql`select unionid from identities where openid = 'both'`.execute(db)
      t.same(rows, [{ unionid: 'u-both' }, { unionid: 'u-both' }], 'and is not forgotten')
    })

    await t.test('without a unionid no users are linked', async (t) => {
      for (const openid of ['none-a', 'none-b']) {
        for (const appid of ['wx1', 'wx2']) await identifyUser(db, person(openid, null, appid))
      }
      t.equal((await usersOf(db, 'none-')).length, 4)
    })

    await t.test('a unionid that appears late merges; the older user stays', async (t) => {
      const younger = await identifyUser(db, person('late', null, 'wx1'))
      const older = await identifyUser(db, person('late', null, 'wx2'))
      await aged(db, older.id, 2)
      await aged(db, younger.id, 1)

      const first = await identifyUser(db, person('late', 'u-late', 'wx1'))
      t.same([first.id, first.created], [younger.id, false], 'no user to link with yet')
      const second = await identifyUser(db, person('late', 'u-late', 'wx2'))
      t.same([second.id, second.created], [older.id, false])
      t.same(await usersOf(db, 'late'), [older.id])
      t.equal(await mergedInto(db, younger.id), older.id, 'the other says where it went')
      t.equal(await mergedInto(db, older.id), null)
      t.equal((await identifyUser(db, person('late', null, 'wx1'))).id, older.id)

      const oldest = await identifyUser(db, person('late', null, 'wx3'))
      await aged(db, oldest.id, 3)
      t.equal((await identifyUser(db, person('late', 'u-late', 'wx3'))).id, oldest.id)
      t.same(await usersOf(db, 'late'), [oldest.id])
      t.equal(await mergedInto(db, older.id), oldest.id)
      t.equal(await mergedInto(db, younger.id), oldest.id, 'in one step, however often it moved')
    })

    await t.test('a late unionid links with a new identity too', async (t) => {
      const known = await identifyUser(db, person('mixed', null, 'wx1'))
      const fresh = await identifyUser(db, person('mixed', 'u-mixed', 'wx2'))
      t.not(fresh.id, known.id)
      await aged(db, known.id, 1)
      t.equal((await identifyUser(db, person('mixed', 'u-mixed', 'wx1'))).id, known.id)
      t.equal(await mergedInto(db, fresh.id), known.id)
    })
  })
}

t.test("the time is the database's, not this machine's", async (t) => {
  const { db } = await postgresDb(t)
  const { rows } = await sql<{ now: number }>`
    select extract(epoch from now())::float8 as now
  `.execute(db)
  const start = rows[0]?.now ?? 0
  t.intercept(Date, 'now', { value: () => 0 })
  for (const round of ['new', 'known']) {
    const { now } = await identifyUser(db, person('clock'))
    t.ok(now >= start && now < start + 60, `${round}: ${now - start} s later`)
  }
})

/** Connections of twenty instances to one database. */
async function pools(t: Teardown): Promise<Db[]> {
  const url = await postgresUrl(t)
  return Promise.all(
    Array.from({ length: 20 }, async () => {
      const { db, close } = await connect({ url, poolSize: 2, log: quietLog })
      t.teardown(close)
      return db
    }),
  )
}

t.test('twenty first logins of one person at once make one user', async (t) => {
  const dbs = await pools(t)
  const [db] = dbs as [Db]
  for (const unionid of [null, 'u-race']) {
    const openid = `race-${unionid}`
    const found = await Promise.all(dbs.map((each) => identifyUser(each, person(openid, unionid))))
    t.equal(new Set(found.map((user) => user.id)).size, 1)
    t.equal(found.filter((user) => user.created).length, 1, 'one of them registered')
    t.equal((await usersOf(db, openid)).length, 1)
  }
  t.equal((await sql`select from users`.execute(db)).rows.length, 2, 'and no user is left over')
})

t.test('twenty first logins of one person through several mini programs at once', async (t) => {
  const dbs = await pools(t)
  const [db] = dbs as [Db]
  const found = await Promise.all(
    dbs.map((each, n) => identifyUser(each, person('apps', 'u-apps', `wx${n % 5}`))),
  )
  t.equal(new Set(found.map((user) => user.id)).size, 1)
  t.equal(found.filter((user) => user.created).length, 5, 'each identity was new once')
  t.equal((await sql`select from users`.execute(db)).rows.length, 1)
})

t.test('late unionids that arrive at once end in one user', async (t) => {
  const dbs = await pools(t)
  const [db] = dbs as [Db]
  const apps = ['wx0', 'wx1', 'wx2', 'wx3', 'wx4']
  const before: string[] = []
  for (const [n, appid] of apps.entries()) {
    const { id } = await identifyUser(db, person('late', null, appid))
    await aged(db, id, n)
    before.push(id)
  }
  const oldest = before.at(-1) as string

  await Promise.all(
    dbs.map((each, n) => identifyUser(each, person('late', 'u-late', apps[n % apps.length]))),
  )
  t.same(await usersOf(db, 'late'), [oldest])
  for (const id of before) {
    t.equal(await mergedInto(db, id), id === oldest ? null : oldest)
  }
  for (const appid of apps) {
    t.equal((await identifyUser(db, person('late', 'u-late', appid))).id, oldest)
  }
})
