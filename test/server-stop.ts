import { once } from 'node:events'
import { connect } from 'node:net'
import t from 'tap'
import { call, clientOf } from './fixtures/network/client.ts'
import {
  credentials,
  dial,
  PNG,
  slowWechat,
  startServer,
  until,
} from './fixtures/network/server.ts'
import { postgresUrl } from './fixtures/postgres/database.ts'

const refuses = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const probe = connect(Number(port), hostname)
    probe.once('connect', () => (probe.destroy(), resolve(false)))
    probe.once('error', () => resolve(true))
  })

t.test('with credentials on PostgreSQL', async (t) => {
  const wechat = await slowWechat(t)
  const child = await startServer(t, {
    ...credentials,
    WECHAT_API_BASE: wechat.url,
    CODE_STOCK: '0',
    DATABASE_URL: await postgresUrl(t, { empty: true }),
  })
  const { url } = child
  const { create } = clientOf(url)

  await t.test('it has migrated, and there is no sandbox', async (t) => {
    t.match(child.stdout(), /database migrated/)
    t.match(await call(`${url}/readyz`), { status: 200 })
    t.notMatch(child.stdout(), /SANDBOX/)
    for (const [path, init] of [
      ['/sandbox/phone', {}],
      ['/sandbox/wx-login', { json: { user: 'alice' } }],
      ['/sandbox/faults', { json: { api: 'code2session' } }],
      ['/sandbox/wechat/cgi-bin/stable_token', { json: {} }],
      ['/metrics', {}],
    ] as const) {
      t.match(await call(url + path, init), { status: 404, body: { code: 'NOT_FOUND' } }, path)
    }
  })

  await t.test('told to stop, it finishes what is under way and starts nothing new', async (t) => {
    const ticket = await create()
    const [idle, probing] = [await dial(t, url), await dial(t, url)]
    for (const { socket, read } of [idle, probing]) {
      socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n')
      await until(() => read().endsWith('{"status":"ok"}'))
    }
    const idleEnded = once(idle.socket, 'close')
    const image = fetch(`${url}/ticket/${ticket.scene}/qrcode`)
    await until(() => wechat.asked() === 1)
    // The beginning of a request arrives before the stop, its end after it.
    probing.socket.write('GET /readyz HTTP/1.1\r\nHost: x\r\nAccept-Language: en\r\n')
    for (let round = 0; round < 3; round++) await call(`${url}/livez`)

    const began = performance.now()
    child.process.kill('SIGTERM')
    await child.wrote('stdout', /"signal":"SIGTERM".*stopping/)
    await until(() => refuses(url))
    await idleEnded
    probing.socket.write('\r\n')
    await once(probing.socket, 'close')
    const [, , ready = ''] = probing.read().split('HTTP/1.1 ')
    t.match(ready, /^503 Service Unavailable\r\n/)
    t.match(ready, /"code":"SHUTTING_DOWN"/)
    t.match(ready, /retry-after: 1\r\n/i)
    t.match(ready, /connection: close\r\n/i)

    wechat.answer()
    const answer = await image
    t.equal(answer.status, 200, 'what was under way is finished')
    t.equal(answer.headers.get('content-type'), 'image/png')
    t.same(Buffer.from(await answer.arrayBuffer()), PNG)
    const answered = performance.now()
    t.equal(await child.ended, 0)
    t.ok(performance.now() - answered < 4_000, 'it does not wait for connections that are done')
    t.ok(performance.now() - began < 10_000)
  })
})

t.test('neither a silent connection nor a code for the stock holds up the stop', async (t) => {
  const wechat = await slowWechat(t)
  const child = await startServer(t, {
    ...credentials,
    WECHAT_API_BASE: wechat.url,
    WECHAT_TIMEOUT_MS: '60000',
    DATABASE_URL: await postgresUrl(t),
  })
  // Browsers open such ones to be quick later, load balancers to keep some at hand.
  await dial(t, child.url)
  await call(`${child.url}/livez`)
  await until(() => wechat.asked() === 1)
  const began = performance.now()
  child.process.kill('SIGTERM')
  t.equal(await child.ended, 0)
  t.ok(performance.now() - began < 5_000)
  t.notMatch(child.stdout(), /no code could be made/, 'to be stopped is no failure')
})

t.test('a second signal does not wait', async (t) => {
  const wechat = await slowWechat(t)
  const { url, process, wrote, ended } = await startServer(t, {
    ...credentials,
    WECHAT_API_BASE: wechat.url,
    WECHAT_TIMEOUT_MS: '60000',
    CODE_STOCK: '0',
    DATABASE_URL: await postgresUrl(t),
    MIGRATE: 'off',
  })
  const ticket = await clientOf(url).create()
  const line = await dial(t, url)
  line.socket.write(`GET /ticket/${ticket.scene}/qrcode HTTP/1.1\r\nHost: x\r\n\r\n`)
  await until(() => wechat.asked() === 1)

  process.kill('SIGTERM')
  await wrote('stdout', /stopping/)
  const second = performance.now()
  process.kill('SIGTERM')
  t.equal(await ended, 1)
  t.ok(performance.now() - second < 5_000, 'long before the nine seconds a request is given')
  t.equal(line.read(), '')
})
