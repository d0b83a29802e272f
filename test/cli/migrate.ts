import { readdirSync } from 'node:fs'
import { parse } from 'node:path'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { connect } from '../../src/db/connect.ts'
import { pendingMigrations } from '../../src/db/migrate.ts'
import { startChild, temporaryFolder } from '../fixtures/network/child.ts'
import { postgresUrl, quietLog } from '../fixtures/postgres/database.ts'
import { root } from '../fixtures/root.ts'

const ALL = readdirSync(new URL('migrations', root))
  .sort()
  .map((file) => parse(file).name)

async function run(t: Test, env: Record<string, string>) {
  const child = startChild(t, 'src/cli/migrate.ts', { cwd: temporaryFolder(t), env })
  return { status: await child.ended, out: child.stdout(), err: child.stderr() }
}

t.test('it brings an empty database up to date, and then has nothing to do', async (t) => {
  const DATABASE_URL = await postgresUrl(t, { empty: true })
  const { db, close } = await connect({ url: DATABASE_URL, poolSize: 1, log: quietLog })
  t.teardown(close)

  t.same(await run(t, { DATABASE_URL, MIGRATE: 'off' }), {
    status: 0,
    out: `Applied: ${ALL.join(', ')}\n`,
    err: '',
  })
  t.same(await pendingMigrations(db), [])
  t.same(await run(t, { DATABASE_URL }), { status: 0, out: 'The schema is up to date.\n', err: '' })
})

t.test('what fails is one sentence on stderr and exit status 1', async (t) => {
  const blocked = await postgresUrl(t, { empty: true })
  const { db, close } = await connect({ url: blocked, poolSize: 1, log: quietLog })
  t.teardown(close)
  await sql`create table users (of_another_program int)`.execute(db)
  const missing = new URL(blocked)
  missing.pathname = '/there_is_none'

  const [failed, nowhere, misset] = await Promise.all([
    run(t, { DATABASE_URL: blocked }),
    run(t, { DATABASE_URL: missing.href }),
    run(t, { DATABASE_URL: 'mysql://localhost/x' }),
  ])
  t.match(failed, {
    status: 1,
    out: '',
    err: /^The migration 0002_users failed/,
  })
  t.match(nowhere, { status: 1, out: '', err: /^Cannot use the database at .*there_is_none/ })
  t.match(misset, { status: 1, out: '', err: /^The settings do not fit:\n {2}- DATABASE_URL/ })
  for (const { err } of [nowhere, misset]) t.notMatch(err, /^\s+at /m, 'no stack')
})
