import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import pg from 'pg'
import t, { type Test } from 'tap'
import { connect, connectReadReplica } from '../src/db/connect.ts'
import { migrate } from '../src/db/migrate.ts'
import { startApp } from './fixtures/app.ts'
import { call, clientOf } from './fixtures/network/client.ts'
import { startHaproxy } from './fixtures/network/haproxy.ts'
import { patientClient } from './fixtures/network/patient-client.ts'
import { quietLog } from './fixtures/postgres/database.ts'
import { startPostgres, startStandby, stopPostgres, urlOf } from './fixtures/postgres/postgres.ts'

/** A primary, and a standby that has every commit before its caller hears of it. */

const LOGINS = 100
const AT_ONCE = 20
const DEADLINE_MS = 60_000

const primary = await startPostgres()
t.teardown(() => stopPostgres(primary))
const onPrimary = new pg.Client(urlOf(primary, 'postgres'))
await onPrimary.connect()
onPrimary.on('error', () => {})
t.teardown(() => onPrimary.end())
await onPrimary.query('create role haproxy login')
const first = await connect({ url: urlOf(primary, 'postgres'), poolSize: 2, log: quietLog })
await migrate(first.db)
await first.close()

const standby = await startStandby(primary)
t.teardown(() => stopPostgres(standby))
const onStandby = new pg.Client(urlOf(standby, 'postgres'))
await onStandby.connect()
t.teardown(() => onStandby.end())
await onPrimary.query(`alter system set synchronous_standby_names = '*'`)
await onPrimary.query('alter database postgres set synchronous_commit = on')
await onPrimary.query('select pg_reload_conf()')
for (let follows = false; !follows; await sleep(20)) {
  const { rowCount } = await onPrimary.query(
    `select from pg_stat_replication where sync_state = 'sync'`,
  )
  follows = rowCount === 1
}

// The standby comes first: it is passed over, until it is promoted.
const BOTH = `postgres://postgres@127.0.0.1:${standby.port},127.0.0.1:${primary.port}/postgres`

const turned = (url: string): string =>
  url.replace(
    `:${standby.port},127.0.0.1:${primary.port}/`,
    `:${primary.port},127.0.0.1:${standby.port}/`,
  )

const followed = async (): Promise<boolean> => {
  const { rows } = await onPrimary.query<{ lsn: string }>('select pg_current_wal_lsn() as lsn')
  const { rows: there } = await onStandby.query<{ done: boolean }>(
    'select pg_last_wal_replay_lsn() >= $1 as done',
    [rows[0]?.lsn],
  )
  return there[0]?.done === true
}

t.test('of two servers, the wanted one is found, wherever it stands', async (t) => {
  const standbyOf = async (url: string, opened: typeof connectReadReplica) => {
    const { db, close } = await opened({ url, log: quietLog })
    const { rows } = await sql<{ standby: boolean }>`
      select pg_is_in_recovery() as standby
    `.execute(db)
    await close()
    return rows[0]?.standby
  }
  for (const [wanted, standby] of [
    ['any', true],
    ['read-write', false],
    ['primary', false],
    ['read-only', true],
    ['standby', true],
    ['prefer-standby', true],
  ] as const) {
    for (const url of [BOTH, turned(BOTH)]) {
      if (wanted === 'any' && url !== BOTH) continue
      const found = await standbyOf(`${url}?target_session_attrs=${wanted}`, connectReadReplica)
      t.equal(found, standby, `${wanted} ${url}`)
    }
  }
  t.equal(await standbyOf(BOTH, (options) => connect({ ...options, poolSize: 1 })), false)

  const alone = urlOf(primary, 'postgres')
  t.equal(
    await standbyOf(`${alone}?target_session_attrs=prefer-standby`, connectReadReplica),
    false,
    'where there is no standby, the primary will do',
  )
  const neither = `postgres://postgres@127.0.0.1:1,127.0.0.1:${standby.port}/postgres`
  const error = await connect({ url: neither, poolSize: 1, log: quietLog, waitMs: 1 }).catch(
    (e) => e,
  )
  t.match(error.message, /127\.0\.0\.1:1, 127\.0\.0\.1:\d+ is not the primary: it takes no writes/)
})

t.test('a standby that lags loses no login', async (t) => {
  const replica = await connectReadReplica({ url: urlOf(standby, 'postgres'), log: quietLog })
  t.teardown(replica.close)
  const failures: unknown[] = []
  const instance = async () => {
    const readReplica = { db: replica.db, onChange: (failure: unknown) => failures.push(failure) }
    return clientOf((await startApp(t, { databaseUrl: BOTH, readReplica })).url)
  }
  const { create, scan, login, poll } = await instance()
  // An instance knows of what it has confirmed itself.
  const { poll: pollElsewhere } = await instance()

  const known = await create()
  while (!(await followed())) await sleep(10)
  t.match((await poll(known)).body, { status: 'pending' })
  t.match((await pollElsewhere(known)).body, { status: 'pending' })
  await onStandby.query('select pg_wal_replay_pause()')

  const unknown = await create()
  await scan(unknown, 'alice')
  await login(unknown, 'alice')
  t.type((await poll(unknown)).body.token, 'string', 'the standby does not know it')

  await scan(known, 'bob')
  await login(known, 'bob')
  const { body } = await pollElsewhere(known)
  t.equal(body.status, 'pending', 'the standby is believed for a moment')
  const began = performance.now()
  let token: unknown
  while (token === undefined && performance.now() - began < 15_000) {
    await sleep(1_000)
    token = (await pollElsewhere(known)).body.token
  }
  t.type(token, 'string')
  t.equal((await poll(known)).body.token, token, 'and here it is the same')
  t.match((await onStandby.query('select pg_is_wal_replay_paused() as paused')).rows, [
    { paused: true },
  ])
  t.same(failures, [])
  await onStandby.query('select pg_wal_replay_resume()')
})

/** Signs people in, a score at a time; gives up after a minute. */
async function signInMany(t: Test, databaseUrl: string, onDone: (done: number) => void) {
  const app = await startApp(t, { databaseUrl })
  const giveUp = AbortSignal.timeout(DEADLINE_MS)
  const { ask, met } = patientClient(t, [app.url], giveUp)
  const users: string[] = []
  const json = async (path: string, how: Parameters<typeof ask>[1]) => {
    const { status, body } = await ask(path, how)
    if (status >= 300) throw new Error(`${path}: ${status} ${JSON.stringify(body)}`)
    return body
  }
  const signIn = async (n: number): Promise<void> => {
    const code = async () =>
      (await call(`${app.url}/sandbox/wx-login`, { json: { user: `person-${n}` } })).body.code
    const { scene, secret } = await json('/ticket', { body: () => ({}) })
    await json(`/ticket/${scene}/scan`, { body: async () => ({ code: await code() }) })
    await json('/login', { body: async () => ({ code: await code(), scene }) })
    const headers = { authorization: `Bearer ${secret}` }
    const { token, user } = await json(`/ticket/${scene}`, { headers })
    if (!token) throw new Error(`login ${n}: no token`)
    users.push(user.id)
    onDone(users.length)
  }
  let next = 0
  const lane = async () => {
    while (next < LOGINS) await signIn(next++)
  }
  const done = Promise.all(Array.from({ length: AT_ONCE }, lane))
  return { done, users, met }
}

const proxied = await startHaproxy(t, [primary.port, standby.port])
if (proxied === null && process.env['SCENEPASS_HAPROXY'] === 'required') {
  throw new Error('SCENEPASS_HAPROXY=required, and there is none')
}
const skip =
  proxied === null && 'NOT TESTED: there is no HAProxy on this machine (apt-get install haproxy)'

t.test('the standby takes over in the middle of a hundred logins, and all end well', async (t) => {
  let promoted: Promise<unknown> | null = null
  const ways = [BOTH, ...(proxied === null ? [] : [urlOf({ port: proxied }, 'postgres')])]
  const counts = ways.map(() => 0)
  const failOver = async () => {
    process.kill(primary.pid, 'SIGQUIT')
    await onStandby.query('select pg_promote()')
  }
  const [direct, throughProxy] = await Promise.all(
    ways.map((url, i) =>
      signInMany(t, url, (done) => {
        counts[i] = done
        if (counts.every((count) => count >= LOGINS / 4)) promoted ??= failOver()
      }),
    ),
  )
  const endsWell = (run: typeof direct) => async (t: Test) => {
    if (!run) throw new Error('it was not run')
    await run.done
    t.equal(run.users.length, LOGINS)
    t.equal(new Set(run.users).size, LOGINS)
    t.same([...run.met.keys()], ['DATABASE_UNAVAILABLE'], 'it was felt')
    const kept = await onStandby.query('select from users where id = any($1)', [run.users])
    t.equal(kept.rowCount, LOGINS, 'the new primary knows them all')
  }
  await t.test('by a URL with both', endsWell(direct))
  await t.test('through HAProxy', { skip }, endsWell(throughProxy))
  await promoted
})
