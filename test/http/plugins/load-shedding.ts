import Fastify from 'fastify'
import t from 'tap'
import { createLog } from '../../../src/telemetry/log.ts'
import { createGate } from '../../../src/http/gate.ts'
import { createOrigins } from '../../../src/http/origins.ts'
import { errorHandler } from '../../../src/http/plugins/error-handler.ts'
import { loadShedding } from '../../../src/http/plugins/load-shedding.ts'
import { call } from '../../fixtures/network/client.ts'

const load = { polls: 0, databaseBusy: false }
const lines: string[] = []
const log = createLog('warn', { write: (line) => lines.push(line) })
const gate = createGate()
const app = Fastify({ serverFactory: gate.serverFactory })
await app.register(errorHandler, { log })
await app.register(loadShedding, {
  gate,
  log,
  origins: createOrigins(['https://www.example'], 'https://login.example'),
  pollsWaiting: () => load.polls,
  databaseBusy: () => load.databaseBusy,
})
for (const [method, path, audience] of [
  ['GET', '/livez', 'operator'],
  ['GET', '/readyz', 'operator'],
  ['GET', '/work', 'browser'],
  ['POST', '/ticket', 'browser'],
  ['POST', '/login', 'phone'],
  ['POST', '/wechat/events', 'wechat'],
] as const) {
  app.route({ method, url: path, config: { audience }, handler: () => ({ done: path }) })
}
const url = await app.listen({ host: '127.0.0.1', port: 0 })
t.teardown(() => app.close())

const work = (headers: Record<string, string> = {}) => call(`${url}/work`, { headers })

t.test('as many polls as are answered in time may wait', async (t) => {
  load.polls = 499
  t.match(await work(), { status: 200, body: { done: '/work' } })
})

t.test('above capacity a request is refused with a time to come back', async (t) => {
  load.polls = 500
  const answer = await work()
  t.match(answer, {
    status: 503,
    body: { statusCode: 503, code: 'OVERLOADED', error: 'Service Unavailable' },
  })
  t.match(answer.headers.get('retry-after'), /^[5-9]$/)
  t.equal(answer.headers.get('cache-control'), 'no-store')
  t.equal(answer.headers.get('content-type'), 'application/json; charset=utf-8')
  t.match(answer.body.request_id, /^[\w-]{8}-\w+$/)
  t.not((await work()).body.request_id, answer.body.request_id)
})

t.test('in the language of the caller', async (t) => {
  t.match((await work({ 'accept-language': 'zh-CN,en;q=0.5' })).body.message, '负载过高')
  t.match((await work({ 'accept-language': 'en,zh;q=0.5' })).body.message, 'Try again')
  t.match((await work()).headers.get('vary'), /^origin, accept-language$/i)
})

t.test('pages of the listed origins can read it', async (t) => {
  const listed = await work({ origin: 'https://www.example' })
  t.equal(listed.headers.get('access-control-allow-origin'), 'https://www.example')
  t.match(listed.headers.get('access-control-expose-headers'), 'retry-after')
  const other = await work({ origin: 'https://other.example' })
  t.equal(other.status, 503)
  t.equal(other.headers.get('access-control-allow-origin'), null)
})

t.test('which is no reason to restart it, or to send its share to the others', async (t) => {
  for (const path of ['/livez', '/readyz']) {
    t.match(await call(url + path), { status: 200, body: { done: path } })
  }
})

t.test('and not for whoever is in the middle of signing in on a phone', async (t) => {
  t.match(await call(`${url}/ticket`, { method: 'POST' }), { status: 503 })
  t.match(await call(`${url}/login`, { method: 'POST' }), { status: 200 })
})

t.test('callers that queue for the database count as well', async (t) => {
  load.polls = 0
  load.databaseBusy = true
  t.match(await work(), { status: 503, body: { code: 'OVERLOADED' } })
  t.match(await call(`${url}/login`, { method: 'POST' }), { status: 503 })
})

t.test(
  'what WeChat pushes gets through to its signature: its few addresses are all of ours',
  async (t) => {
    for (const polls of [0, 500]) {
      load.polls = polls
      load.databaseBusy = polls === 0
      t.match(await call(`${url}/wechat/events`, { method: 'POST' }), { status: 200 })
    }
    load.polls = 0
    load.databaseBusy = true
  },
)

t.test('once there is room again it serves, and the log says how many it refused', async (t) => {
  load.databaseBusy = false
  t.equal((await work()).status, 200)
  while (lines.length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
  t.match(JSON.parse(lines[0] ?? ''), { refused: Number, msg: /^overloaded/ })
})

t.test('answers that wait outside of the heap count as well', async (t) => {
  t.equal((await work()).status, 200)
  const unread = Buffer.allocUnsafe(200 * 1024 * 1024)
  // It looks every second.
  let answer = await work()
  for (let i = 0; i < 100 && answer.status === 200; i++) {
    await new Promise((resolve) => setTimeout(resolve, 50))
    answer = await work()
  }
  t.match(answer, { status: 503, body: { code: 'OVERLOADED' } })
  t.equal((await call(`${url}/livez`)).status, 200)
  t.ok(unread.length)
})
