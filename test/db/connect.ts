import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
import { databases, postgresUrl, quietLog, type Teardown } from '../fixtures/postgres/database.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'
import { cuttable } from '../fixtures/network/proxy.ts'

const PASSWORD = 'correct-horse-battery'

/** Collects what is warned of; `onWarn` runs at the first warning. */
function recorder(onWarn: () => unknown = () => {}) {
  const warnings: string[] = []
  return {
    warnings,
    info: () => {},
    warn: (_details: object, message: string) => {
      if (warnings.push(message) === 1) void onWarn()
    },
  }
}

/** A server that answers every start-up packet with one error. */
async function refusingServer(t: Teardown, sqlState: string, message: string): Promise<number> {
  const fields = Buffer.from(`SFATAL\0VFATAL\0C${sqlState}\0M${message}\0\0`)
  const head = Buffer.alloc(5)
  head.write('E')
  head.writeInt32BE(fields.length + 4, 1)
  const server = createServer((socket) => {
    socket.on('error', () => socket.destroy())
    socket.once('data', () => socket.end(Buffer.concat([head, fields])))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => new Promise((resolve) => server.close(resolve)))
  return (server.address() as AddressInfo).port
}

for (const { name, open } of databases) {
  t.test(`${name} answers through one Kysely`, async (t) => {
    const { db } = await open(t)
    const { rows } = await sql<{ n: number; b: Uint8Array }>`
      select ${2}::int as n, ${Buffer.from([1, 255])}::bytea as b
    `.execute(db)
    t.equal(rows[0]?.n, 2)
    t.same([...(rows[0]?.b ?? [])], [1, 255])
  })
}

t.test('a PostgreSQL that is not up yet is waited for, and said once', async (t) => {
  const way = await cuttable(t, await postgresUrl(t))
  const log = recorder(() => way.mend({ dropFirst: 2 }))
  const { db, close } = await connect({ url: way.url, poolSize: 2, log })
  t.teardown(close)
  t.same((await sql`select 1 as one`.execute(db)).rows, [{ one: 1 }])
  t.equal(log.warnings.length, 1, 'three attempts failed, one line told of them')
  t.match(log.warnings[0], /^waiting up to 30 s for the database at 127\.0\.0\.1:\d+\/t_\w+$/)
})

t.test('a PostgreSQL that never comes up is an error that names the setting', async (t) => {
  const port = await freePort()
  const log = recorder()
  const url = `postgres://scenepass:${PASSWORD}@127.0.0.1:${port}/scenepass`
  const error = await connect({ url, poolSize: 1, log, waitMs: 300 }).catch((e: Error) => e)
  t.ok(error instanceof Error)
  t.match((error as Error).message, `The database at 127.0.0.1:${port}/scenepass did not come up`)
  t.match((error as Error).message, 'ECONNREFUSED')
  t.match((error as Error).message, 'DATABASE_URL')
  t.equal(log.warnings.length, 1)
  t.notMatch((error as Error).message + log.warnings.join(), PASSWORD)
})

t.test('refused on every address of its name, it still says why', async (t) => {
  const url = `postgres://scenepass@localhost:${await freePort()}/scenepass`
  await t.rejects(connect({ url, poolSize: 1, log: quietLog, waitMs: 1 }), {
    message: /did not come up within 0\.001 s: .*ECONNREFUSED/,
  })
})

t.test('a server that starts up is waited for like one that is down', async (t) => {
  const port = await refusingServer(t, '57P03', 'the database system is starting up')
  const log = recorder()
  const url = `postgres://scenepass@127.0.0.1:${port}/scenepass`
  await t.rejects(connect({ url, poolSize: 1, log, waitMs: 300 }), {
    message: /did not come up within 0\.3 s: the database system is starting up/,
  })
  t.equal(log.warnings.length, 1)
})

t.test('what waiting does not mend fails at once', async (t) => {
  const real = await postgresUrl(t)
  const missing = new URL(real)
  missing.pathname = '/there_is_none'
  const stranger = new URL(real)
  stranger.username = 'a_stranger'
  const refusing = await refusingServer(t, '28P01', 'password authentication failed for user "x"')
  for (const [url, reason] of [
    [missing.href, /database "there_is_none" does not exist/],
    [stranger.href, /role "a_stranger" does not exist/],
    [`postgres://x:${PASSWORD}@127.0.0.1:${refusing}/y`, /password authentication failed/],
  ] as const) {
    const log = recorder()
    const error = (await connect({ url, poolSize: 1, log }).catch((e: Error) => e)) as Error
    t.match(error.message, /^Cannot use the database at 127\.0\.0\.1:\d+\/\w+: .*DATABASE_URL/)
    t.match(error.message, reason)
    t.notMatch(error.message, PASSWORD)
    t.same(log.warnings, [], 'it did not wait')
  }
})

t.test('a PostgreSQL that is too old is named', async (t) => {
  const url = await postgresUrl(t)
  const { db, close } = await connect({ url, poolSize: 1, log: quietLog })
  // The real number cannot be set, so another function answers the question.
  await sql`
    create function public.current_setting(text) returns text language sql as 'select ''120022'''
  `.execute(db)
  await sql`
    do $$ begin
      execute format('alter database %I set search_path = public, pg_catalog', current_database());
    end $$
  `.execute(db)
  await close()
  await t.rejects(connect({ url, poolSize: 1, log: quietLog }), {
    message: /is PostgreSQL 12; ScenePass needs 13 or newer/,
  })
})
