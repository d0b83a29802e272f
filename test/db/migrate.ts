import { readdirSync } from 'node:fs'
import { parse } from 'node:path'
import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
import { migrate, pendingMigrations } from '../../src/db/migrate.ts'
import type { Db } from '../../src/db/pool.ts'
import { isUnavailable } from '../../src/db/unavailable.ts'
import { postgresUrl, quietLog, type Teardown } from '../fixtures/postgres/database.ts'
import { root } from '../fixtures/root.ts'

const ALL = readdirSync(new URL('migrations', root))
  .sort()
  .map((file) => parse(file).name)

async function open(t: Teardown, url: string): Promise<Db> {
  const { db, close } = await connect({ url, poolSize: 2, log: quietLog, queryTimeoutMs: 0 })
  t.teardown(close)
  return db
}

const tablesOf = async (db: Db): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`
    select tablename as name from pg_tables where schemaname = 'public' order by 1
  `.execute(db)
  return rows.map((row) => row.name).filter((name) => !name.startsWith('kysely_'))
}

for (const [name, urlOf] of [
  ['PostgreSQL', (t: Teardown) => postgresUrl(t, { empty: true })],
  ['PGlite', async () => 'pglite:memory'],
] as const) {
  t.test(`${name}: empty becomes current, and current stays as it is`, async (t) => {
    const db = await open(t, await urlOf(t))
    t.same(await pendingMigrations(db), ALL)
    t.same(await migrate(db), ALL)
    t.same(await pendingMigrations(db), [])
    t.same(await tablesOf(db), [
      'chosen_scenes',
      'code_images',
      'code_stock',
      'identities',
      'leases',
      'logins',
      'oidc_clients',
      'oidc_keys',
      'oidc_records',
      'rate_limits',
      'signing_keys',
      'tickets',
      'users',
    ])

    await sql`insert into users default values`.execute(db)
    t.same(await migrate(db), [], 'again: nothing to do')
    t.equal((await sql`select from users`.execute(db)).rows.length, 1, 'and nothing was touched')

    await sql`
      insert into kysely_migration (name, timestamp) values ('9999-of-a-newer-version', '2099')
    `.execute(db)
    t.same(await pendingMigrations(db), [], 'a newer schema is not behind')
    t.same(await migrate(db), [], 'so an old instance starts beside new ones')
  })
}

t.test('of twenty that start together on an empty database one migrates', async (t) => {
  const url = await postgresUrl(t, { empty: true })
  const dbs = await Promise.all(Array.from({ length: 20 }, () => open(t, url)))
  const ran = await Promise.all(dbs.map((db) => migrate(db)))
  t.same(
    ran.filter((names) => names.length > 0),
    [ALL],
  )
  t.same(await pendingMigrations(dbs[0] as Db), [])
})

t.test('a migration that fails is named, and nothing of the others stays', async (t) => {
  const db = await open(t, await postgresUrl(t, { empty: true }))
  await sql`create table signing_keys (of_another_program int)`.execute(db)
  const error = (await migrate(db).catch((e: Error) => e)) as Error
  t.match(error.message, /^The migration 0003_signing_keys failed/)
  t.match(error.cause, { code: '42P07' })
  t.notOk(isUnavailable(error))
  t.same(await tablesOf(db), ['signing_keys'])
  t.same(await pendingMigrations(db), ALL)

  await sql`drop table signing_keys`.execute(db)
  t.same(await migrate(db), ALL, 'with the obstacle gone it works')
})
