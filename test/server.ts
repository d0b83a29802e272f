import { existsSync, writeFileSync } from 'node:fs'
import { createServer as createHttpServer, type ServerResponse } from 'node:http'
import { once } from 'node:events'
import { connect, createServer, type AddressInfo, type Socket } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { decodeJwt } from 'jose'
import t, { type Test } from 'tap'
import { call, clientOf } from './fixtures/network/client.ts'
import { startChild, temporaryFolder } from './fixtures/network/child.ts'
import { postgresUrl, type Teardown } from './fixtures/postgres/database.ts'
import { freePort } from './fixtures/postgres/postgres.ts'

const credentials = {
  WECHAT_APPID: 'wx0123456789abcdef',
  WECHAT_SECRET: '0123456789abcdef0123456789abcdef',
}
const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0, 0])

/** The real process in a folder of its own, once it listens. */
async function start(t: Teardown, env: Record<string, string>, cwd = temporaryFolder(t)) {
  const child = startChild(t, 'src/server.ts', { cwd, env: { PORT: '0', ...env } })
  const [, url = ''] = await child.wrote('stdout', /listening on (http:[^"\s]+)/)
  await child.wrote('stdout', /ScenePass is ready/)
  return { ...child, url }
}

/** A WeChat that hands out access tokens, and code images only when it is told to. */
async function slowWechat(t: Teardown) {
  const asked: ServerResponse[] = []
  const server = createHttpServer((request, response) => {
    if (request.url?.includes('getwxacodeunlimit')) return void asked.push(response)
    response.setHeader('content-type', 'application/json')
    response.end('{"access_token":"an-access-token","expires_in":7200}')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked: () => asked.length,
    answer: () => asked.forEach((response) => response.end(PNG)),
  }
}

/** Waits for something that is bound to happen; a test's own time limit ends the waiting. */
async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await happened())) await sleep(10)
}

const refuses = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const { hostname, port } = new URL(url)
    const probe = connect(Number(port), hostname)
    probe.once('connect', () => (probe.destroy(), resolve(false)))
    probe.once('error', () => resolve(true))
  })

/** A connection that one can type on. */
async function dial(t: Teardown, url: string): Promise<{ socket: Socket; read: () => string }> {
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  let text = ''
  socket.setEncoding('latin1').on('data', (chunk: string) => (text += chunk))
  t.teardown(() => socket.destroy())
  await once(socket, 'connect')
  return { socket, read: () => text }
}

t.test('without any setting it is the sandbox on PGlite in ./data', async (t) => {
  const cwd = temporaryFolder(t)
  const ops = await freePort()
  writeFileSync(
    join(cwd, '.env'),
    'TOKEN_ISSUER=https://from.the.file\nTOKEN_AUDIENCE_MINIPROGRAM=from-the-file\n',
  )
  const env = {
    OPS_PORT: String(ops),
    TOKEN_AUDIENCE_MINIPROGRAM: 'from-the-environment',
    CODE_STOCK: '2',
  }
  const first = await start(t, env, cwd)
  t.match(first.stdout(), /SANDBOX: this is not WeChat/)
  t.ok(existsSync(join(cwd, 'data', 'PG_VERSION')))
  t.match(await call(`${first.url}/readyz`), { status: 200, body: { status: 'ok' } })

  await t.test('.env is read, and the environment wins over it', async (t) => {
    const { body } = await clientOf(first.url).login(null, 'alice')
    t.match(decodeJwt(body.token), {
      iss: 'https://from.the.file',
      aud: 'from-the-environment',
    })
  })

  await t.test('metrics are on their own port, and nothing else is', async (t) => {
    t.match(await call(`${first.url}/metrics`), { status: 404, body: { code: 'NOT_FOUND' } })
    const metrics = await call(`http://127.0.0.1:${ops}/metrics`)
    t.equal(metrics.status, 200)
    t.match(metrics.headers.get('content-type'), /^text\/plain/)
    t.match(metrics.body, /^# HELP /m)
    for (const path of ['/readyz', '/ticket', '/openapi.json', '/sandbox/phone']) {
      t.equal((await call(`http://127.0.0.1:${ops}${path}`)).status, 404, path)
    }
  })

  await t.test('codes are there before anybody asks, also while WeChat is down', async (t) => {
    const made = async () =>
      (await call(`${first.url}/sandbox/calls`)).body.getwxacodeunlimit as number
    await until(async () => (await made()) === 2)
    const down = { api: 'getwxacodeunlimit', http_status: 500, times: 1_000 }
    t.equal((await call(`${first.url}/sandbox/faults`, { json: down })).status, 204)
    const newCode = async () =>
      call(`${first.url}/ticket/${(await clientOf(first.url).create()).scene}/qrcode`)
    // The second one was asked for, but may still be on its way into the stock.
    for (let codes = 0; codes < 2;) if ((await newCode()).status === 200) codes++
    t.match(await newCode(), { status: 503, body: { code: 'WECHAT_BUSY' } }, 'two, and no more')
    await first.wrote('stdout', /no code could be made in advance/)
  })

  const keys = await call(`${first.url}/.well-known/jwks.json`)
  first.process.kill('SIGTERM')
  t.equal(await first.ended, 0)

  const second = await start(t, env, cwd)
  t.match(second.stdout(), /SANDBOX: this is not WeChat/, 'at every start')
  t.same(
    (await call(`${second.url}/.well-known/jwks.json`)).body,
    keys.body,
    'what it had is there',
  )
})

t.test('with credentials on PostgreSQL', async (t) => {
  const wechat = await slowWechat(t)
  const child = await start(t, {
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
    t.ok(performance.now() - answered < 4_000, 'nobody waits for connections that are done')
    t.ok(performance.now() - began < 10_000)
  })
})

t.test('neither a silent connection nor a code for the stock holds up the stop', async (t) => {
  const wechat = await slowWechat(t)
  const child = await start(t, {
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
  const { url, process, wrote, ended } = await start(t, {
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

/** A start that is to fail. */
async function failing(t: Test, env: Record<string, string>) {
  const child = startChild(t, 'src/server.ts', { cwd: temporaryFolder(t), env })
  t.equal(await child.ended, 1, 'exit status 1')
  t.notMatch(child.stdout(), /listening/)
  return child
}

t.test('settings that do not fit: all of them on stderr, and nothing has begun', async (t) => {
  const { stdout, stderr } = await failing(t, {
    PORT: '99999',
    MIGRATE: 'perhaps',
    WECHAT_APPID: credentials.WECHAT_APPID,
    DATABASE_URL: 'mysql://me:hunter2@db/x',
  })
  t.equal(stdout(), '')
  t.match(stderr(), /^The settings do not fit:\n(?: {2}- .+\n){4}$/)
  for (const name of ['PORT', 'MIGRATE', 'WECHAT_SECRET', 'DATABASE_URL']) {
    t.match(stderr(), new RegExp(`^ {2}- ${name} `, 'm'))
  }
  t.notMatch(stderr(), 'hunter2')
})

t.test('MIGRATE=off on a schema that is behind', async (t) => {
  const DATABASE_URL = await postgresUrl(t, { empty: true })
  const { stdout } = await failing(t, { PORT: '0', DATABASE_URL, MIGRATE: 'off' })
  t.match(stdout(), /The database schema is behind \(0001_.*\) and MIGRATE is off\. Run/)
})

t.test('a port that is taken', async (t) => {
  const other = createServer()
  other.listen(0, '127.0.0.1')
  await once(other, 'listening')
  t.teardown(() => other.close())
  const { port } = other.address() as AddressInfo
  const { stdout } = await failing(t, {
    PORT: String(port),
    DATABASE_URL: await postgresUrl(t),
  })
  t.match(stdout(), `The port ${port} is in use`)
})
