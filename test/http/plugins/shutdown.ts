import Fastify from 'fastify'
import { once } from 'node:events'
import { connect } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { errorHandler } from '../../../src/http/plugins/error-handler.ts'
import { createShutdown } from '../../../src/http/plugins/shutdown.ts'
import { startApp } from '../../fixtures/app.ts'
import { call } from '../../fixtures/network/client.ts'

/** A connection such as a proxy keeps; `ask` gives the answer as it comes. */
async function keptConnection(t: Test, url: string) {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname).setEncoding('latin1')
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  const ask = async (path: string): Promise<string> => {
    socket.write(`POST ${path} HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n`)
    return (await once(socket, 'data'))[0] as string
  }
  return { ask, ended: once(socket, 'close') }
}

t.test('what comes on old connections is answered, and nobody new gets in', async (t) => {
  const shutdown = createShutdown()
  // As the service's own app has it: only we know whom to refuse.
  const app = Fastify({ return503OnClosing: false })
  await app.register(errorHandler)
  await shutdown.guard(app)
  let finish = () => {}
  const inside = new Promise<void>((resolve) => (finish = resolve))
  app.get('/slow', async () => {
    app.server.emit('slow')
    await inside
    return { done: true }
  })
  app.post('/quick', async () => ({ quick: true }))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())

  const [used, unused] = [await keptConnection(t, url), await keptConnection(t, url)]
  const first = await used.ask('/quick')
  t.match(first, /^HTTP\/1\.1 200 /)
  t.notMatch(first, /connection: close/i)
  const arrived = once(app.server, 'slow')
  const slow = call(`${url}/slow`)
  await arrived

  shutdown.begin()
  const closed = app.close()
  await t.rejects(call(`${url}/quick`, { json: {} }), { cause: { code: 'ECONNREFUSED' } })
  const late = await used.ask('/quick')
  t.match(late, /^HTTP\/1\.1 200 [^]*\r\nconnection: close\r\n/i)
  await Promise.all([used.ended, unused.ended])
  finish()
  t.match(await slow, { status: 200, body: { done: true } })
  await closed
})

t.test('while requests come on old connections, the others are kept as well', async (t) => {
  const shutdown = createShutdown()
  const app = Fastify({ return503OnClosing: false })
  await shutdown.guard(app)
  app.post('/quick', async () => ({ quick: true }))
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())
  const kept = await Promise.all(Array.from({ length: 3 }, () => keptConnection(t, url)))
  for (const { ask } of kept) await ask('/quick')

  shutdown.begin()
  const closed = app.close()
  // The last one comes when it is longer ago than half a second that the stop began.
  for (const { ask } of kept) {
    await sleep(300)
    t.match(await ask('/quick'), /^HTTP\/1\.1 200 [^]*\r\nconnection: close\r\n/i)
  }
  await closed
})

t.test('an instance that stops looks away from its load balancer, but lives', async (t) => {
  const shutdown = createShutdown()
  const { url } = await startApp(t, { shutdown })
  t.match(await call(`${url}/readyz`), { status: 200 })

  shutdown.begin()
  const answer = await call(`${url}/readyz`)
  t.match(answer, {
    status: 503,
    body: { statusCode: 503, code: 'SHUTTING_DOWN', request_id: String },
  })
  t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/)
  t.equal(answer.headers.get('cache-control'), 'no-store')
  t.equal(answer.headers.get('connection'), 'close')
  for (const [path, status] of [
    ['/livez', 200],
    ['/', 200],
    ['/no/such/path', 404],
    [`/ticket/${'A1'.repeat(11)}`, 404],
  ] as const) {
    const late = await call(url + path)
    t.equal(late.status, status, path)
    t.equal(late.headers.get('connection'), 'close')
  }
  t.equal((await call(`${url}/ticket`, { method: 'POST' })).status, 201)
})
