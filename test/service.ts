import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { readConfig } from '../src/config/config.ts'
import { connect } from '../src/db/connect.ts'
import { createLog } from '../src/telemetry/log.ts'
import { startService } from '../src/service.ts'
import { call, clientOf } from './fixtures/network/client.ts'
import { postgresUrl, quietLog } from './fixtures/postgres/database.ts'
import { read } from './fixtures/guide.ts'
import { freePort } from './fixtures/postgres/postgres.ts'
import { cuttable } from './fixtures/network/proxy.ts'

const direct = await postgresUrl(t)
const { db, close } = await connect({ url: direct, poolSize: 1, log: quietLog })
t.teardown(close)

// A year ago: the first sweep of the service takes them away.
await sql`
  insert into tickets (scene, secret_hash, match_code, created_at, expires_at, status)
  select
    'old-' || lpad(n::text, 20, '0'), sha256('x'), '10', now() - interval '1 year',
    now() - interval '1 year', case n when 1 then 'pending' else 'canceled' end
  from generate_series(1, 2) as n
`.execute(db)
await sql`
  insert into logins (created_at, outcome, user_id, appid, openid)
  values (now() - interval '1 year', 'signed_in', gen_random_uuid(), 'wx1', 'o1')
`.execute(db)

const way = await cuttable(t, direct)
await way.mend()
const ops = await freePort()
const service = await startService({
  config: readConfig({
    PORT: '0',
    DATABASE_URL: way.url,
    DATABASE_POOL: '7',
    OPS_PORT: String(ops),
    MATCH_CODE: 'choose',
    AUDIT_DAYS: '90',
    CODE_STOCK: '2',
    WECHAT_URL_LINK: 'on',
  }),
  log: createLog('silent'),
})
t.teardown(() => service.stop())
const { url } = service
const { create, poll, scan, login, deny, cancel } = clientOf(url)

async function scrape() {
  const { status, body } = await call(`http://127.0.0.1:${ops}/metrics`)
  t.equal(status, 200)
  const lines = new Map(
    String(body)
      .split('\n')
      .filter((line) => line !== '' && !line.startsWith('#'))
      .map((line) => [line.slice(0, line.lastIndexOf(' ')), line.slice(line.lastIndexOf(' ') + 1)]),
  )
  return (sample: string): number => Number(lines.get(sample) ?? NaN)
}

const tickets = (outcome: string) => `scenepass_tickets_total{outcome="${outcome}"}`
const calls = (api: string, errcode: string) =>
  `scenepass_wechat_calls_total{api="${api}",errcode="${errcode}"}`
const requests = (route: string, method: string, status: number) =>
  `scenepass_http_requests_total{route="${route}",method="${method}",status="${status}"}`

t.test('after a few logins the metrics tell of them', async (t) => {
  const stock = (channel: string) => `scenepass_code_stock{channel="${channel}"}`
  const isFull = async () => {
    const value = await scrape()
    return value(stock('miniprogram')) === 2 && value(stock('official_account')) === 2
  }
  while (!(await isFull())) await sleep(20)
  const ticket = await create()
  await call(`${url}/ticket/${ticket.scene}/qrcode`)
  await call(`${url}/ticket/${ticket.scene}/link`)
  const polls = [await poll(ticket)]
  await scan(ticket, 'alice')
  await scan(ticket, 'alice')
  const right = { match_code: ticket.match_code }
  await login(ticket, 'alice', right)
  await login(ticket, 'alice', right)
  polls.push(await poll(ticket), await poll(ticket))
  t.match(
    polls.map(({ body }) => body.status),
    ['pending', 'confirmed', 'confirmed'],
  )
  await deny(await create(), 'bob')
  const picked = await create()
  await login(picked, 'bob', { match_code: picked.match_code === '10' ? '11' : '10' })
  const canceled = await create()
  await cancel(canceled)
  await cancel(canceled)
  await login(null, 'carol')

  const value = await scrape()
  for (const [outcome, count] of Object.entries({
    created: 4,
    scanned: 1,
    confirmed: 1,
    delivered: 1,
    denied: 2,
    canceled: 1,
  })) {
    t.equal(value(tickets(outcome)), count, `${outcome}: each transition once, however repeated`)
  }
  t.equal(value(requests('/ticket', 'POST', 201)), 4)
  t.equal(value(requests('/ticket/:scene', 'GET', 200)), 3)
  t.equal(value(requests('/login', 'POST', 403)), 1)
  const duration = 'scenepass_http_request_duration_seconds'
  const poll200 = 'route="/ticket/:scene",method="GET"'
  t.equal(value(`${duration}_count{${poll200}}`), 3)
  t.equal(value(`${duration}_bucket{le="10",${poll200}}`), 3)
  t.equal(value(`${duration}_bucket{le="+Inf",${poll200}}`), 3)
  t.ok(value(`${duration}_sum{${poll200}}`) > 0)
  t.ok(value(`${duration}_bucket{le="0.001",${poll200}}`) <= 3)

  t.equal(value('scenepass_poll_batch_size_count'), 2, 'the token was asked for at once')
  t.equal(value('scenepass_poll_batch_size_sum'), 2)
  t.equal(value(calls('stable_token', '0')), 2, 'of each account one')
  t.ok(value(calls('getwxacodeunlimit', '0')) >= 2)
  t.equal(value(calls('generate_urllink', '0')), 1)
  t.equal(value(calls('jscode2session', '0')), 7)
  t.equal(value('scenepass_wechat_call_duration_seconds_count{api="jscode2session"}'), 7)
  t.ok(value('scenepass_wechat_call_duration_seconds_sum{api="jscode2session"}') > 0)
  const age = value('scenepass_access_token_age_seconds{channel="miniprogram"}')
  t.ok(0 < age && age < 60, `${age} s`)
  t.ok(value('scenepass_access_token_expires_in_seconds{channel="miniprogram"}') > 240)
  t.equal(value('scenepass_wechat_paused{api="jscode2session"}'), 0)

  t.equal(value('scenepass_db_pool_max_connections'), 7)
  t.equal(value('scenepass_db_pool_waiting'), 0)
  const open = ['busy', 'idle'].map((state) =>
    value(`scenepass_db_pool_connections{state="${state}"}`),
  )
  t.ok((open[0] as number) + (open[1] as number) >= 1, open.join(' + '))
  t.ok(value('nodejs_eventloop_lag_p99_seconds') >= 0)

  const version = JSON.parse(read('package.json')).version
  t.equal(value(`scenepass_build_info{version="${version}",node="${process.version}"}`), 1)
  t.equal(value('scenepass_ticket_confirmation_seconds_count'), 1)
  t.ok(value('scenepass_ticket_confirmation_seconds_sum') > 0)
  t.ok(value('scenepass_db_statement_duration_seconds_count') > 20)
  t.ok(value('scenepass_db_size_bytes') > 1_000_000)
  for (const table of ['tickets', 'code_images', 'rate_limits', 'logins']) {
    const since = value(`scenepass_sweep_age_seconds{table="${table}"}`)
    t.ok(0 <= since && since < 60, `${table}: ${since}`)
  }
  const keyAge = value('scenepass_signing_key_age_seconds')
  t.ok(-5 < keyAge && keyAge < 60, `${keyAge}`)
  t.equal(value('scenepass_signing_keys{state="signs"}'), 1)
  t.equal(value('scenepass_signing_keys{state="next"}'), 0)
})

t.test('WeChat’s troubles are told apart', async (t) => {
  const fault = (json: object) => call(`${url}/sandbox/faults`, { json })
  const troubles = [
    { errcode: 40226 },
    { errcode: 77_777 },
    { http_status: 502 },
    { hang_up: true },
    { http_status: 404 },
  ]
  for (const trouble of troubles) {
    await fault({ api: 'code2session', ...trouble })
    t.ok((await login(null, 'carol')).status >= 400)
  }
  const value = await scrape()
  for (const errcode of ['40226', 'other', 'http_5xx', 'network', 'invalid']) {
    t.equal(value(calls('jscode2session', errcode)), 1, errcode)
  }
  await fault({ api: 'code2session', http_status: 502, times: 5 })
  for (let i = 0; i < 7; i++) await login(null, 'carol')
  const later = await scrape()
  t.equal(later('scenepass_wechat_paused{api="jscode2session"}'), 1)
  const sent = later(calls('jscode2session', 'http_5xx'))
  t.ok(sent < 8, `${sent}: what is not sent is not counted`)
})

t.test('the service forgets what is old, and counts what had expired', async (t) => {
  const rows = async (table: string) =>
    (
      await sql<{ n: number }>`
        select count(*)::int as n from ${sql.table(table)}
        where created_at < now() - interval '90 days'
      `.execute(db)
    ).rows[0]?.n
  // Each table is swept on its own.
  while ((await rows('logins')) !== 0 || (await rows('tickets')) !== 0) await sleep(20)
  while ((await scrape())(tickets('expired')) === 0) await sleep(20)
  t.equal((await scrape())(tickets('expired')), 1)
})

t.test('a lost database loses no scrape', async (t) => {
  await way.cut()
  t.match(await call(`${url}/readyz`), { status: 503 })
  const value = await scrape()
  t.equal(value(requests('/readyz', 'GET', 503)), 1)
  t.same(
    value('scenepass_code_stock{channel="miniprogram"}'),
    NaN,
    'what cannot be read is left out',
  )
  t.ok(value('scenepass_db_statement_errors_total{code="connection"}') > 0)
  await way.mend()
  const since = performance.now()
  while ((await call(`${url}/readyz`)).status !== 200) await sleep(20)
  t.ok(performance.now() - since < 10_000, 'and is found again')
})
