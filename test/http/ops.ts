import pino from 'pino'
import t from 'tap'
import { countRequests } from '../../src/http/plugins/request-metrics.ts'
import { createMetrics } from '../../src/telemetry/metrics.ts'
import { startOps } from '../../src/http/ops.ts'
import { startApp } from '../fixtures/app.ts'
import { call, clientOf } from '../fixtures/network/client.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'

const metrics = createMetrics()
const port = await freePort()
const stop = await startOps({
  host: '127.0.0.1',
  port,
  metrics,
  log: pino({ level: 'silent' }),
})
const ops = `http://127.0.0.1:${port}`
const { url } = await startApp(t, { observe: { app: countRequests(metrics.registry) } })

t.test('metrics count what was answered, by route and never by ticket', async (t) => {
  const client = clientOf(url)
  const ticket = await client.create()
  await client.poll(ticket)
  await client.poll(ticket)
  await call(`${url}/ticket/${ticket.scene}`)
  for (const path of [
    'no/such/path',
    'nor/this',
    `${ticket.scene}?x`,
    'ticket/a/b/c',
    '%E4%B8%AD',
  ]) {
    await call(`${url}/${path}`)
  }
  await call(`${url}/ticket/${ticket.scene}/qrcode`, { method: 'PATCH' })

  const { status, headers, body } = await call(`${ops}/metrics`)
  t.equal(status, 200)
  t.match(headers.get('content-type'), /^text\/plain; version=0\.0\.4/)
  const count = (route: string, method: string, status: number) =>
    new RegExp(
      `^scenepass_http_requests_total\\{route="${route}",method="${method}",status="${status}"\\} (\\d+)$`,
      'm',
    ).exec(body)?.[1]
  t.equal(count('/ticket', 'POST', 201), '1')
  t.equal(count('/ticket/:scene', 'GET', 200), '2')
  t.equal(count('/ticket/:scene', 'GET', 401), '1')
  t.equal(count('unknown', 'GET', 404), '5')
  t.equal(count('unknown', 'PATCH', 405), '1')
  t.notMatch(body, /such|%E4|中/, 'no path makes a series of its own')
  t.match(body, /^scenepass_http_request_duration_seconds_count\{.*route="\/ticket\/:scene"/m)
  t.match(body, /^process_cpu_seconds_total /m)
  t.match(body, /^nodejs_eventloop_lag_seconds /m)
  t.notMatch(body, ticket.scene)
  t.notMatch(body, ticket.secret)
})

t.test('metrics are on their own port, and nothing else is', async (t) => {
  t.match(await call(`${url}/metrics`), { status: 404, body: { code: 'NOT_FOUND' } })
  t.match(await call(`${ops}/ticket`, { method: 'POST' }), {
    status: 404,
    body: { code: 'NOT_FOUND' },
  })
  t.match(await call(`${ops}/metrics`, { method: 'POST' }), {
    status: 405,
    body: { code: 'METHOD_NOT_ALLOWED' },
  })
})

t.test('once stopped, it answers no more', async (t) => {
  await stop()
  await t.rejects(call(`${ops}/metrics`))
})
