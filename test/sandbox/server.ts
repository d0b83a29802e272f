import Fastify, { type FastifyInstance } from 'fastify'
import t, { type Test } from 'tap'
import { sandboxAccount, sandboxOfficialAccount } from '../../src/config/sandbox.ts'
import { buildSandboxServer } from '../../src/sandbox/server.ts'
import { createLog } from '../../src/telemetry/log.ts'

const SCENE = 'abcdefghijklmnopqrst-_'

async function sandboxBefore(
  t: Test,
  service: string,
  more: Partial<Parameters<typeof buildSandboxServer>[0]> = {},
): Promise<FastifyInstance> {
  const log = createLog('silent')
  const publicUrl = 'http://127.0.0.1:4000'
  const app = await buildSandboxServer({ service, publicUrl, ...sandboxAccount, log, ...more })
  t.teardown(() => app.close())
  return app
}

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
  const app = await sandboxBefore(t, origin)
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
  const app = await sandboxBefore(t, origin)
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

t.test('what its account sees is pushed to the service, encrypted and signed', async (t) => {
  const service = Fastify()
  t.teardown(() => service.close())
  service.removeAllContentTypeParsers()
  service.addContentTypeParser('*', { parseAs: 'string' }, (_request, body, done) =>
    done(null, body),
  )
  const pushed: { path: string; query: Record<string, string>; body: unknown }[] = []
  service.post('/*', async (request) => {
    const [path = ''] = request.url.split('?')
    pushed.push({ path, query: request.query as Record<string, string>, body: request.body })
    return 'success'
  })
  const app = await sandboxBefore(t, await service.listen({ port: 0 }), {
    officialAccount: sandboxOfficialAccount,
  })
  const page = await app.inject(`/sandbox/q/${SCENE}`)
  t.match(page.headers['content-security-policy'], "default-src 'self'")
  const payload = { user: 'alice', scene: SCENE }
  const scanned = await app.inject({ method: 'POST', url: '/sandbox/oa/scan', payload })
  t.same(scanned.json(), { reply: '' })
  t.match(pushed, [
    {
      path: '/wechat/events',
      query: { encrypt_type: 'aes', msg_signature: /^[0-9a-f]{40}$/ },
      body: /<Encrypt>/,
    },
  ])
  t.notMatch(pushed[0]?.body, SCENE)
})
