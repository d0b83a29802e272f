import pg from 'pg'
import { createHistogram } from 'node:perf_hooks'
import { setTimeout as sleep } from 'node:timers/promises'
import { Agent } from 'undici'
import { sandboxOfficialAccount } from '../../src/config/sandbox.ts'
import { startPostgres, stopPostgres, urlOf } from '../fixtures/postgres/postgres.ts'
import { eventXml, securePush } from '../fixtures/pushes.ts'
import { addTickets } from './polls.ts'
import { pin, startInstance, startLoad, startSandbox, stopAll } from './processes.ts'

/**
 * `node dist/test/bench/pushes.js`: how long pushes of the official account wait while many browsers
 * poll. WeChat gives up after 5 s; a person looks at their phone meanwhile.
 */
const PUSHES_PER_SECOND = 200
const POLLS_PER_SECOND = Number(process.argv[2] ?? 5_000)
const SECONDS = 15
const TICKETS = 20_000

const { appid, secret, token, aesKey } = sandboxOfficialAccount
pin(process.pid, 'around')
const server = await startPostgres({ durable: true })
pin(server.pid, 'around')
const database = new pg.Client(urlOf(server, 'postgres'))

const sceneOfPush = (n: number): string => `bench-pushes-${String(n).padStart(12, '0')}`

async function push(url: string, dispatcher: Agent, n: number): Promise<number> {
  const at = Math.floor(Date.now() / 1_000)
  const openid = `o-bench-of-pushes-${String(n).padStart(10, '0')}`
  const fields = { FromUserName: openid, CreateTime: at, Event: 'SCAN', EventKey: sceneOfPush(n) }
  const { query, body } = securePush(eventXml(fields), at, { appid, token, aesKey })
  const began = performance.now()
  const answer = await dispatcher.request({
    origin: url,
    path: `/wechat/events?${new URLSearchParams(query)}`,
    method: 'POST',
    headers: { 'content-type': 'text/xml' },
    body,
  })
  const text = await answer.body.text()
  if (answer.statusCode !== 200 || text === 'success')
    throw new Error(`${answer.statusCode} ${text}`)
  return performance.now() - began
}

try {
  const { settings } = await startSandbox()
  const instance = await startInstance('service', {
    ...settings,
    NODE_ENV: 'test',
    DATABASE_URL: urlOf(server, 'postgres'),
    PORT: '0',
    OA_APPID: appid,
    OA_SECRET: secret,
    OA_TOKEN: token,
    OA_AES_KEY: aesKey,
    CODE_STOCK: '0',
  })
  await database.connect()
  await addTickets(database, 1, TICKETS)
  await database.query(
    `insert into tickets (scene, secret_hash, match_code, expires_at, channel)
     select 'bench-pushes-' || lpad(n::text, 12, '0'), sha256('x'), '42', now() + interval '1 hour',
       'official_account'
     from generate_series(0, $1::int) as n`,
    [PUSHES_PER_SECOND * SECONDS],
  )
  const load = await startLoad()
  const port = Number(new URL(instance.url).port)
  const plan = { port, tickets: TICKETS, connections: 256, rate: POLLS_PER_SECOND }
  await load({ ...plan, seconds: 3 })
  const polls = load({ ...plan, seconds: SECONDS + 1 })
  const dispatcher = new Agent({ connections: 64 })
  const times = createHistogram()
  const waiting: Promise<void>[] = []
  const began = performance.now()
  for (let n = 0; n < PUSHES_PER_SECOND * SECONDS; n++) {
    const wait = began + (n * 1_000) / PUSHES_PER_SECOND - performance.now()
    if (wait > 1) await sleep(wait)
    const timed = push(instance.url, dispatcher, n)
    waiting.push(timed.then((ms) => times.record(Math.max(1, Math.round(ms * 1_000)))))
  }
  await Promise.all(waiting)
  const polled = await polls
  const { rows } = await database.query(
    "select count(*)::int as scanned from tickets where status = 'scanned'",
  )
  const ms = (microseconds: number): string => `${(microseconds / 1_000).toFixed(1)} ms`
  process.stdout.write(
    `pushes: ${waiting.length} in ${((performance.now() - began) / 1_000).toFixed(1)} s, ` +
      `p50 ${ms(times.percentile(50))}, p99 ${ms(times.percentile(99))}, max ${ms(times.max)}, ` +
      `${rows[0].scanned} scanned\n` +
      `polls: ${polled.perSecond.toFixed(0)} a second, p50 ${polled.p50.toFixed(1)} ms, ` +
      `p99 ${polled.p99.toFixed(1)} ms, refused ${JSON.stringify(polled.refused)}\n`,
  )
} finally {
  await database.end()
  await stopAll()
  await stopPostgres(server)
}
