import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { connect, connectReadReplica } from '../../src/db/connect.ts'
import { migrate } from '../../src/db/migrate.ts'
import type { Db } from '../../src/db/pool.ts'
import { DatabaseProblem } from '../../src/db/problem.ts'
import { createServers } from '../../src/db/servers.ts'
import { isUnavailable } from '../../src/db/unavailable.ts'
import { fixOf } from '../../src/db/why.ts'
import { checkDatabase, openDatabase } from '../../src/doctor/database.ts'
import { startApp } from '../fixtures/app.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { distance } from '../fixtures/network/distance.ts'
import { startChild } from '../fixtures/network/child.ts'
import { quietLog } from '../fixtures/postgres/database.ts'
import { startPostgres, stopPostgres } from '../fixtures/postgres/postgres.ts'
import { secure, SECURED_PASSWORD, SECURED_USER } from '../fixtures/postgres/secured.ts'

const server = await startPostgres()
t.teardown(() => stopPostgres(server))
const { ca, user } = await secure(server)
const urlAt = (port: number, query: string) =>
  `postgres://${user}@127.0.0.1:${port}/${SECURED_USER}?${query}`
const VERIFIED = `sslmode=verify-full&sslrootcert=${ca}`

const usesTls = async (db: Db): Promise<boolean> => {
  const { rows } = await sql<{ ssl: boolean }>`
    select ssl from pg_stat_ssl where pid = pg_backend_pid()
  `.execute(db)
  return rows[0]?.ssl === true
}

const near = await connect({ url: urlAt(server.port, VERIFIED), poolSize: 2, log: quietLog })
await migrate(near.db)
await near.close()

t.test('a database 250 ms away, by TLS and SCRAM, is opened and serves', async (t) => {
  const way = await distance(t, { port: server.port, roundTripMs: 250 })
  const url = urlAt(way.port, VERIFIED)
  const said: string[] = []
  const log = {
    info: (_: object, message: string) => said.push(message),
    warn: () => t.fail('it answers'),
  }
  const patient = await connect({ url, poolSize: 2, log, queryTimeoutMs: 0 })
  t.match(said, [/^the database at 127\.0\.0\.1:\d+\/guarded is far away: /])
  t.ok(await usesTls(patient.db))
  await patient.close()

  // Six at once, with a pool that has one connection: the others are opened for requests.
  const app = await startApp(t, { databaseUrl: url })
  const client = clientOf(app.url)
  const tokens = await Promise.all(
    Array.from({ length: 6 }, async (_, n) => {
      const ticket = await client.create()
      await client.scan(ticket, `person-${n}`)
      await client.login(ticket, `person-${n}`)
      return (await client.poll(ticket)).body.token
    }),
  )
  t.ok(
    tokens.every((token) => typeof token === 'string'),
    `${tokens.filter(Boolean).length} of 6`,
  )
})

t.test(
  'a request gives a connection up that takes too long, and the next one has it',
  async (t) => {
    const way = await distance(t, { port: server.port, roundTripMs: 0 })
    const { db, close } = await connect({
      url: urlAt(way.port, VERIFIED),
      poolSize: 2,
      log: quietLog,
    })
    t.teardown(close)
    way.roundTripMs = 400
    await db.transaction().execute(async (tx) => {
      await sql`select 1`.execute(tx)
      const error = await sql`select 1`.execute(db).catch((e: unknown) => e)
      t.match(error, { message: /timeout exceeded when trying to connect/ })
      // The first connection is taken: this is the one that has been opened meanwhile.
      for (let answered = false; !answered; await sleep(20)) {
        answered = await sql`select 1`.execute(db).then(
          () => true,
          () => false,
        )
      }
    })
  },
)

/** Takes connections and says nothing. */
async function silentPort(t: Test): Promise<number> {
  const silent = createServer((socket) => socket.on('error', () => {}).resume())
  silent.listen(0, '127.0.0.1')
  await once(silent, 'listening')
  t.teardown(() => silent.close())
  return (silent.address() as AddressInfo).port
}

t.test('one that takes connections and says no more is told from one that is down', async (t) => {
  const { Client } = createServers(`postgres://me@127.0.0.1:${await silentPort(t)}/x`, {
    wanted: 'any',
    openMs: 300,
  })
  const error = await new Promise((resolve) => new Client().connect(resolve))
  t.match(error, { message: /takes connections, but opening one was not done after 0\.3 s/ })
  t.ok(isUnavailable(error))
  t.match(fixOf(error), { en: /too slow/, zh: /过慢/ })
})

const refusals: [query: string, reason: RegExp, fix: RegExp][] = [
  // Each kind of TLS without the CA: certificate of its own.
  ...[
    'sslmode=require',
    'sslmode=prefer',
    'sslmode=verify-ca',
    'sslmode=verify-full',
    'ssl=true',
  ].map((query): [string, RegExp, RegExp] => [
    query,
    /certificate/,
    /download the CA certificate.*sslmode=verify-full&sslrootcert=/,
  ]),
  ['', /pg_hba\.conf/, /add sslmode=verify-full/],
  ['sslmode=disable', /pg_hba\.conf/, /add sslmode=verify-full/],
  [
    'sslmode=verify-full&sslrootcert=/there/is/none.pem',
    /none\.pem.*sslrootcert.*ENOENT/,
    /correct sslrootcert/,
  ],
]
t.test('a certificate that is not trusted, and no TLS at all, come with the way out', async (t) => {
  for (const [query, reason, fix] of refusals) {
    const url = urlAt(server.port, query)
    const began = performance.now()
    const error = await connect({ url, poolSize: 1, log: quietLog }).catch((e) => e)
    t.ok(error instanceof DatabaseProblem, query)
    t.match(error.says, { en: reason, zh: /./ }, query)
    t.match(error.fix, { en: fix, zh: /./ })
    t.notMatch(error.message, SECURED_PASSWORD)
    t.ok(performance.now() - began < 8_000, 'it is not waited for')

    const finding = await checkDatabase(url, () => openDatabase(url, quietLog))
    t.match(
      finding,
      { status: 'failed', says: { en: reason }, fix: { en: fix } },
      'the doctor, too',
    )
  }
  const replica = connectReadReplica({
    url: urlAt(1, 'sslrootcert=/there/is/none.pem'),
    log: quietLog,
  })
  await t.rejects(replica, { message: /none\.pem/ })
})

t.test('what the guide says for a certificate of its own works', async (t) => {
  for (const query of [
    VERIFIED,
    `sslrootcert=${ca}`,
    `sslmode=require&sslrootcert=${ca}`,
    'sslmode=no-verify',
    'ssl=no-verify',
    'uselibpqcompat=true&sslmode=require',
    `uselibpqcompat=true&sslmode=verify-ca&sslrootcert=${ca}`,
    `${VERIFIED}&channel_binding=require`,
    `${VERIFIED}&sslnegotiation=direct`,
  ]) {
    const { db, close } = await connect({
      url: urlAt(server.port, query),
      poolSize: 1,
      log: quietLog,
    })
    t.ok(await usesTls(db), query)
    await close()
  }
})

t.test(
  'a failed start says it in one line, and no word of the driver reaches stderr',
  async (t) => {
    const DATABASE_URL = urlAt(server.port, 'sslmode=require')
    const child = startChild(t, 'src/cli/migrate.ts', { env: { DATABASE_URL } })
    t.equal(await child.ended, 1)
    t.match(child.stderr(), /^Cannot use the database at .*sslrootcert=\S+ to DATABASE_URL\.\n$/)
  },
)
