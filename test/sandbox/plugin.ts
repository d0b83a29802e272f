import { PassThrough } from 'node:stream'
import Fastify from 'fastify'
import t from 'tap'
import { SANDBOX_APPID, SANDBOX_SECRET, sandboxAccount } from '../../src/config/sandbox.ts'
import { createSandbox, sandbox } from '../../src/sandbox/plugin.ts'
import { openSandbox } from '../fixtures/network/sandbox.ts'

t.test('its credentials have the shape of real ones', async (t) => {
  t.match(SANDBOX_APPID, /^wx[0-9a-f]{16}$/)
  t.match(SANDBOX_SECRET, /^[0-9a-f]{32}$/)
})

t.test('it warns once when it is registered', async (t) => {
  const stream = new PassThrough()
  await openSandbox(t, { level: 'info', stream })
  const lines = String(stream.read()).trim().split('\n')
  t.equal(lines.length, 1)
  t.match(JSON.parse(lines[0] ?? ''), { level: 40, msg: /not WeChat.*Every visitor can sign in/ })
})

t.test('its parsers and hooks stay inside it', async (t) => {
  const { app, call } = await openSandbox(t)
  const schemas: unknown[] = []
  app.addHook('onRoute', (route) => void schemas.push(route.schema))
  app.post('/echo', async (request) => request.body)
  t.equal((await call('POST', '/echo', 'a=1', 'application/x-www-form-urlencoded')).status, 415)
  t.same((await call('POST', '/echo', { a: 1 })).json, { a: 1 })
  t.same(schemas, [undefined], 'only its own routes are hidden from API documents')
})

t.test('its routes are hidden from API documents', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const routes: { url: string; schema?: object | undefined }[] = []
  app.addHook('onRoute', (route) => void routes.push(route))
  await app.register(sandbox, { ...sandboxAccount, publicUrl: 'http://127.0.0.1:3000' })
  await app.ready()
  t.ok(routes.length >= 10)
  for (const { url, schema } of routes) t.match(schema, { hide: true }, url)
})

t.test('for a service it brings a demo, whose files it serves', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const routes: { url: string; schema?: object | undefined }[] = []
  app.addHook('onRoute', (route) => void routes.push(route))
  const { plugin, page } = createSandbox({ ...sandboxAccount, publicUrl: 'http://127.0.0.1:3000' })
  await app.register(plugin)
  const files = [...page.head.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, file]) => file ?? '')
  t.same(files, ['/sandbox/demo.css', '/sandbox/demo.js'])
  for (const file of files) {
    const { statusCode, headers } = await app.inject(file)
    t.equal(statusCode, 200)
    const type = file.endsWith('.js') ? 'text/javascript' : 'text/css'
    t.equal(headers['content-type'], `${type}; charset=utf-8`)
    t.equal(headers['cache-control'], 'no-cache')
    t.match(headers.etag, /^"/)
  }
  t.equal((await app.inject('/sandbox/phone')).statusCode, 200)
  for (const { url, schema } of routes) t.match(schema, { hide: true }, url)
})

t.test('it can be another mini program', async (t) => {
  const app = Fastify()
  t.teardown(() => app.close())
  const appid = 'wx0123456789abcdef'
  await app.register(sandbox, {
    ...sandboxAccount,
    publicUrl: 'http://127.0.0.1:3000',
    appid,
    secret: 's',
  })
  const response = await app.inject({
    method: 'POST',
    url: '/sandbox/wechat/cgi-bin/stable_token',
    payload: { grant_type: 'client_credential', appid, secret: 's' },
  })
  t.match(response.json(), { expires_in: 7200 })
})
