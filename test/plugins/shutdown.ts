import Fastify from 'fastify'
import { once } from 'node:events'
import t from 'tap'
import { errorAnswers } from '../../src/plugins/errors.ts'
import { createShutdown } from '../../src/plugins/shutdown.ts'
import { startApp } from '../fixtures/app.ts'
import { call } from '../fixtures/client.ts'

t.test('what is already in is finished, what comes later is sent elsewhere', async (t) => {
  const shutdown = createShutdown()
  const app = Fastify()
  await app.register(errorAnswers)
  await shutdown.guard(app)
  let finish = () => {}
  const inside = new Promise<void>((resolve) => (finish = resolve))
  app.get('/slow', async () => {
    app.server.emit('slow')
    await inside
    return { done: true }
  })
  const url = await app.listen({ host: '127.0.0.1', port: 0 })
  t.teardown(() => app.close())

  const arrived = once(app.server, 'slow')
  const slow = call(`${url}/slow`)
  await arrived
  shutdown.begin()
  const late = await call(`${url}/slow`)
  t.match(late, { status: 503, body: { code: 'SHUTTING_DOWN', request_id: String } })
  finish()
  t.match(await slow, { status: 200, body: { done: true } })
})

t.test('a replica that stops looks away from its load balancer, but lives', async (t) => {
  const shutdown = createShutdown()
  const { url } = await startApp(t, { around: [shutdown.guard] })
  const paths = ['/readyz', '/', '/openapi.json', '/no/such/path', `/ticket/${'A1'.repeat(11)}`]
  t.match(await call(`${url}/readyz`), { status: 200 })
  t.equal((await call(`${url}/ticket`, { method: 'POST' })).status, 201)

  shutdown.begin()
  for (const path of paths) {
    const answer = await call(url + path)
    t.match(
      answer,
      { status: 503, body: { statusCode: 503, code: 'SHUTTING_DOWN', request_id: String } },
      path,
    )
    t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/)
    t.equal(answer.headers.get('connection'), 'close')
    t.equal(answer.headers.get('cache-control'), 'no-store')
  }
  t.equal((await call(`${url}/ticket`, { method: 'POST' })).status, 503)
  const live = await call(`${url}/livez`)
  t.match(live, { status: 200, body: { status: 'ok' } })
  t.equal(live.headers.get('connection'), 'close')
})
