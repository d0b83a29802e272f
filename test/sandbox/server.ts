import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:net'
import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { buildSandboxServer, readArguments, replicaSettings } from '../../src/cli/sandbox.ts'

const SCENE = 'abcdefghijklmnopqrst-_'

t.test('the defaults are a sandbox on this machine', async (t) => {
  t.same(readArguments([]), {
    host: '127.0.0.1',
    port: 4000,
    service: 'http://127.0.0.1:3000',
    publicUrl: 'http://127.0.0.1:4000',
  })
})

t.test('every option is read; URLs lose their trailing slash', async (t) => {
  const args = ['--port', '4100', '--host', '::1', '--service', 'https://login.example/base/']
  t.same(readArguments(args), {
    host: '::1',
    port: 4100,
    service: 'https://login.example/base',
    publicUrl: 'http://[::1]:4100',
  })
  const far = readArguments(['--host', '0.0.0.0', '--public-url', 'http://192.0.2.7:4000'])
  t.equal(far.publicUrl, 'http://192.0.2.7:4000')
})

t.test('a mistake is named', async (t) => {
  for (const [args, message] of [
    [['--port', 'x'], /--port must be a number from 1 to 65535, not "x"/],
    [['--port', '0'], /--port/],
    [['--port', '65536'], /--port/],
    [['--host', 'a b'], /--host must be an address/],
    [['--service', '127.0.0.1:3000'], /--service must be an http\(s\) URL/],
    [['--service', 'ftp://a'], /--service/],
    [['--public-url', 'http://a/?b'], /--public-url/],
    [['--prot', '1'], /--prot/],
    [['extra'], /extra/],
  ] as [string[], RegExp][]) {
    t.throws(() => readArguments(args), { name: 'TypeError', message })
  }
})

t.test('replicas are told what they need', async (t) => {
  t.match(
    replicaSettings('http://127.0.0.1:4000'),
    /^WECHAT_APPID=wx[0-9a-f]{16}\nWECHAT_SECRET=[0-9a-f]{32}\nWECHAT_API_BASE=http:\/\/127\.0\.0\.1:4000\/sandbox\/wechat\n$/,
  )
})

/** A service that echoes what reaches it, and the sandbox before it. */
async function setUp(t: Test) {
  const service = Fastify()
  t.teardown(() => service.close())
  service.post('/*', async (request, reply) => {
    if (request.url === '/login') reply.code(429).header('retry-after', '7')
    const { host: _host, ...headers } = request.headers
    return { url: request.url, headers, body: request.body }
  })
  const origin = await service.listen({ port: 0 })
  const app = await buildSandboxServer({ service: origin, publicUrl: 'http://127.0.0.1:4000' })
  t.teardown(() => app.close())
  return { app, service }
}

t.test('the phone’s calls are passed on with their type and language, and answered', async (t) => {
  const { app } = await setUp(t)
  for (const url of [`/ticket/${SCENE}/scan`, `/ticket/${SCENE}/deny`]) {
    const response = await app.inject({
      method: 'POST',
      url,
      headers: { 'accept-language': 'zh-CN', cookie: 'a=b', authorization: 'Bearer x' },
      payload: { code: 'x' },
    })
    t.equal(response.statusCode, 200)
    t.match(response.headers['content-type'], 'application/json')
    const { headers, ...rest } = response.json()
    t.same(rest, { url, body: { code: 'x' } })
    t.match(headers, { 'content-type': 'application/json', 'accept-language': 'zh-CN' })
    t.notOk('cookie' in headers || 'authorization' in headers, 'and nothing else')
  }
})

t.test('a refusal comes back as it is', async (t) => {
  const { app } = await setUp(t)
  const response = await app.inject({ method: 'POST', url: '/login', payload: { code: 'x' } })
  t.equal(response.statusCode, 429)
  t.equal(response.headers['retry-after'], '7')
})

t.test('no other path of the service can be reached', async (t) => {
  const { app } = await setUp(t)
  for (const url of ['/ticket', '/ticket/../scan', '/ticket/%2e%2e/scan', '/ticket/a%2fb/scan']) {
    t.equal((await app.inject({ method: 'POST', url, payload: {} })).statusCode, 404, url)
  }
})

t.test('a service that is away, or says too much, is an error of the catalogue', async (t) => {
  const service = Fastify()
  service.post('/login', (_request, reply) => reply.send(Buffer.alloc(1024 * 1024 + 1)))
  const origin = await service.listen({ port: 0 })
  const app = await buildSandboxServer({ service: origin, publicUrl: 'http://127.0.0.1:4000' })
  t.teardown(() => app.close())
  const call = () => app.inject({ method: 'POST', url: '/login', payload: {} })
  t.match((await call()).json(), { statusCode: 500, code: 'INTERNAL' })
  await service.close()
  t.match((await call()).json(), { statusCode: 500, code: 'INTERNAL' })
})

t.test('a body over 1 MiB is refused', async (t) => {
  const { app } = await setUp(t)
  const response = await app.inject({
    method: 'POST',
    url: '/login',
    headers: { 'content-type': 'application/json' },
    payload: Buffer.alloc(1024 * 1024 + 1),
  })
  t.equal(response.statusCode, 413)
})

t.test(
  'the sandbox is there, its mistakes are those of the catalogue, its policy strict',
  async (t) => {
    const { app } = await setUp(t)
    const page = await app.inject(`/sandbox/phone?scene=${SCENE}`)
    t.equal(page.statusCode, 200)
    t.match(page.headers['content-security-policy'], "default-src 'self'")
    const bad = await app.inject({
      method: 'POST',
      url: '/sandbox/wx-login',
      payload: { user: '!' },
    })
    t.match(bad.json(), { statusCode: 400, code: 'INVALID_REQUEST' })
  },
)

function run(t: Test, ...args: string[]) {
  const child = spawn(process.execPath, ['dist/src/cli/sandbox.js', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  t.teardown(() => child.kill('SIGKILL'))
  const output = { stdout: '', stderr: '' }
  child.stdout.on('data', (chunk) => (output.stdout += String(chunk)))
  child.stderr.on('data', (chunk) => (output.stderr += String(chunk)))
  return { child, output, closed: once(child, 'close') }
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  return typeof address === 'object' && address !== null ? address.port : 0
}

t.test('as a program', { jobs: 3 }, async (t) => {
  t.test(
    'it listens, prints the settings alone, and stops cleanly',
    { buffered: true },
    async (t) => {
      const port = await freePort()
      const { child, output, closed } = run(t, '--port', String(port))
      await once(child.stdout, 'data')
      t.equal(output.stdout, replicaSettings(`http://127.0.0.1:${port}`))
      const answer = await fetch(`http://127.0.0.1:${port}/sandbox/calls`)
      t.equal(answer.status, 200)
      await answer.text()
      child.kill('SIGTERM')
      t.same(await closed, [0, null])
      t.match(output.stderr, 'Anybody can sign in as anybody')
    },
  )

  t.test('bad arguments end it with a message', { buffered: true }, async (t) => {
    const { output, closed } = run(t, '--port', 'x')
    t.same(await closed, [1, null])
    t.equal(output.stdout, '')
    t.equal(output.stderr, '--port must be a number from 1 to 65535, not "x"\n')
  })

  t.test('a port that is taken ends it with a message', { buffered: true }, async (t) => {
    const server = createServer().listen(0, '127.0.0.1')
    t.teardown(() => server.close())
    await once(server, 'listening')
    const address = server.address()
    const port = typeof address === 'object' && address !== null ? String(address.port) : ''
    const { output, closed } = run(t, '--port', port)
    t.same(await closed, [1, null])
    t.match(output.stderr, /EADDRINUSE/)
  })
})
