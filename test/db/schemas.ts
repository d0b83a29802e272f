import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import pg from 'pg'
import t, { type Test } from 'tap'
import { connect } from '../../src/db/connect.ts'
import { migrate, pendingMigrations } from '../../src/db/migrate.ts'
import { openDatabase } from '../../src/db/open.ts'
import type { Db } from '../../src/db/pool.ts'
import { DatabaseProblem } from '../../src/db/problem.ts'
import { checkMigrations } from '../../src/doctor/database.ts'
import { startApp } from '../fixtures/app.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { postgresUrl, quietLog } from '../fixtures/postgres/database.ts'

/** An empty database, and statements that its administrator runs there. */
async function emptyDatabase(t: Test) {
  const url = await postgresUrl(t, { empty: true })
  const admin = async (...statements: string[]) => {
    const client = new pg.Client(url)
    await client.connect()
    try {
      for (const statement of statements) await client.query(statement)
    } finally {
      await client.end()
    }
  }
  /** The same database with other schemas in its search_path. */
  const seeing = (path: string): string =>
    `${url}?options=-c%20search_path%3D${encodeURIComponent(path)}`
  return { url, admin, seeing }
}

/** Roles belong to all databases of the server. */
async function roleOf(t: Test, { url, admin }: Awaited<ReturnType<typeof emptyDatabase>>) {
  const role = `r_${randomBytes(6).toString('hex')}`
  await admin(`create role ${role} login`)
  t.teardown(() => admin(`drop owned by ${role}`, `drop role ${role}`))
  const as = new URL(url)
  as.username = role
  return { role, url: as.href }
}

async function open(t: Test, url: string): Promise<Db> {
  const { db, close } = await connect({ url, poolSize: 2, log: quietLog, queryTimeoutMs: 0 })
  t.teardown(close)
  return db
}

const schemasWith = async (db: Db, table: string): Promise<string[]> => {
  const { rows } = await sql<{ name: string }>`
    select schemaname as name from pg_tables where tablename = ${table} order by 1
  `.execute(db)
  return rows.map((row) => row.name)
}

const problemOf = async (work: Promise<unknown>): Promise<DatabaseProblem> => {
  const error = await work.catch((e: unknown) => e)
  if (error instanceof DatabaseProblem) return error
  throw new Error(`no problem: ${String(error)}`)
}

t.test('two of them, and another program of Kysely, share a database by schemas', async (t) => {
  const { url, admin, seeing } = await emptyDatabase(t)
  await admin(
    'create schema other',
    'create schema second',
    'create table other.kysely_migration (name varchar(255) primary key, timestamp varchar(255))',
    'create table other.kysely_migration_lock (id varchar(255) primary key, is_locked int not null)',
    `insert into other.kysely_migration values ('2024-of-another-program', '2024')`,
    'create table other.users (of_another_program int)',
  )
  const first = await open(t, url)
  t.ok((await migrate(first)).length > 0)
  // Also where the first one can be seen.
  const there = seeing('second,public')
  const second = await openDatabase(
    { url: there, readUrl: null, pool: 2, migrate: 'auto' },
    quietLog,
  )
  t.teardown(second.close)
  t.same(await schemasWith(first, 'tickets'), ['public', 'second'])
  t.same(await pendingMigrations(first), [])

  const apps = [await startApp(t, { databaseUrl: url }), await startApp(t, { databaseUrl: there })]
  for (const app of apps) {
    const { create, scan, login, poll } = clientOf(app.url)
    const ticket = await create()
    await scan(ticket, 'alice')
    await login(ticket, 'alice')
    t.type((await poll(ticket)).body.token, 'string')
    const { rows } = await sql`select from users`.execute(app.db)
    t.equal(rows.length, 1, 'each has its own')
  }
})

t.test('the schema of another program is told, and nothing is changed in it', async (t) => {
  const { url, admin } = await emptyDatabase(t)
  const db = await open(t, url)
  await admin('create table users (of_another_program int)')
  const taken = await problemOf(migrate(db))
  t.match(taken.message, /^The migration 0002_users failed .*: relation "users" already exists\. /)
  t.match(taken.message, /schema of its own|or a schema: .*search_path%3D/)

  await admin(
    'drop table kysely_migration',
    'create table kysely_migration (name varchar(255) primary key, timestamp varchar(255))',
    `insert into kysely_migration values ('2024-of-another-program', '2024')`,
  )
  for (const work of [migrate, pendingMigrations]) {
    const foreign = await problemOf(work(db))
    t.match(foreign.message, /^The schema public belongs to another program, .*: 2024-of-another/)
    t.match(foreign.fix, { en: /search_path%3Dscenepass/, zh: /search_path%3Dscenepass/ })
  }
  t.match(await checkMigrations(db), {
    status: 'failed',
    says: { en: /belongs to another program/ },
  })
  t.same(await schemasWith(db, 'tickets'), [])
})

t.test('a schema that is not there, or that we may not use, comes with the way out', async (t) => {
  const database = await emptyDatabase(t)
  const gone = await problemOf(migrate(await open(t, database.seeing('gone'))))
  t.match(gone.message, /^There is no schema for the tables: of search_path \(gone\) none exists/)
  t.match(gone.message, /create schema NAME authorization postgres/)

  const { role, url } = await roleOf(t, database)
  await database.admin('create schema closed')
  const closed = await problemOf(migrate(await open(t, `${url}?options=-c%20search_path%3Dclosed`)))
  t.match(closed.message, new RegExp(`none exists that ${role} may use\\. .*grant usage, create`))

  // What PostgreSQL 15 and newer have by default: grants on the database say nothing of its schema.
  const db = await open(t, url)
  const name = new URL(url).pathname.slice(1)
  await database.admin(`grant all on database ${name} to ${role}`)
  const refused = await problemOf(migrate(db))
  t.match(
    refused.message,
    /^The migrations could not begin and nothing was changed: permission denied/,
  )
  t.match(refused.fix, {
    en: new RegExp(
      `alter database ${name} owner to ${role}".*grant create on schema public to ${role}"`,
    ),
    zh: new RegExp(`grant create on schema public to ${role}"`),
  })
  await database.admin(`grant create on schema public to ${role}`)
  t.ok((await migrate(db)).length > 0, 'and it is one')

  const stranger = await roleOf(t, database)
  const unread = await problemOf(pendingMigrations(await open(t, stranger.url)))
  t.match(unread.message, new RegExp(`^The role ${stranger.role} may not read the table`))
})

t.test('a standby of today, or a primary that is read-only, is told', async (t) => {
  const { seeing } = await emptyDatabase(t)
  const url = seeing('public').replace('search_path%3Dpublic', 'default_transaction_read_only%3Don')
  const problem = await problemOf(migrate(await open(t, url)))
  t.match(problem.message, /read-only transaction\. .*name the primary in DATABASE_URL/)
})
