import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import t, { type Test } from 'tap'
import { createTransport, type WechatRequest } from '../../src/wechat/transport.ts'
import { CERTIFICATE, CERTIFICATE_KEY } from '../fixtures/network/certificate.ts'
import { connectProxy } from '../fixtures/network/connect-proxy.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'

/** Calls to WeChat through a company's proxy: found 01. */

const request: WechatRequest = {
  method: 'POST',
  path: '/cgi-bin/stable_token',
  body: { secret: 'top secret' },
  idempotent: true,
  secrets: ['top secret'],
}

async function secureWechat(t: Test): Promise<number> {
  const server = createServer({ cert: CERTIFICATE, key: CERTIFICATE_KEY }, (_, response) =>
    response.end('answer'),
  )
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return (server.address() as AddressInfo).port
}

function through(t: Test, proxy: string, ca?: string) {
  // The certificate is localhost's; the proxy leads every name to the test's own server.
  const transport = createTransport({ apiBase: 'https://localhost:8443', proxy, ca })
  t.teardown(() => transport.close())
  return transport
}

const failureOf = async (sent: Promise<unknown>) =>
  (await sent.catch((error: unknown) => error)) as Error & { action: string; cause: Error }

t.test('a call goes through it, with user and password, in plain and over TLS', async (t) => {
  const to = await secureWechat(t)
  for (const secure of [false, true]) {
    for (const [user, given] of [
      [undefined, ''],
      ['me:p@ss word', 'me:p%40ss%20word@'],
      ['token:', 'token@'],
    ] as const) {
      const proxy = await connectProxy(t, { to, secure, ...(user && { user }) })
      const transport = through(t, proxy.url.replace('//', `//${given}`), CERTIFICATE)
      t.equal(String(await transport.send(request, 3_000)), 'answer', `${secure} ${user}`)
      for (let more = 0; more < 3; more++) await transport.send(request, 3_000)
      t.equal(proxy.asked[0], 'localhost:8443')
      t.ok(proxy.asked.length < 3, 'connections are kept')
    }
  }
})

t.test('where the proxy is what fails, the error names it and says what to do', async (t) => {
  const to = await secureWechat(t)
  const plain = await connectProxy(t, { to, user: 'me:planted' })
  const forbids = await connectProxy(t, { to, refuses: 403 })
  const silent = await connectProxy(t, { to, refuses: 0 })
  const secure = await connectProxy(t, { to, secure: true })
  const dead = `http://me:planted@127.0.0.1:${await freePort()}`
  for (const [proxy, reason, action] of [
    [plain.url, /the proxy http:\/\/127.*wants a user and a password \(HTTP 407\)/, /HTTPS_PROXY/],
    [plain.url.replace('//', '//me:planted-too@'), /wants a user and a password/, /HTTPS_PROXY/],
    [forbids.url, /the proxy .* does not connect to localhost:8443 \(HTTP 403\)/, /NO_PROXY/],
    [dead, /the proxy .* cannot be reached: .*ECONNREFUSED/, /HTTPS_PROXY.*NO_PROXY/],
    [
      'http://no-such.invalid:1',
      /the proxy .* cannot be reached: .*(ENOTFOUND|EAI_)/,
      /HTTPS_PROXY/,
    ],
    [silent.url, /could not connect to localhost:8443 through the proxy .* within 400 ms/, /proxy/],
    [secure.url, /the proxy .* cannot be reached: .*self.signed/i, /HTTPS_PROXY/],
  ] as const) {
    const ca = proxy === secure.url ? undefined : CERTIFICATE
    const limit = proxy === silent.url ? 400 : 8_000
    const error = await failureOf(through(t, proxy, ca).send(request, limit))
    t.match(error, { code: 'WECHAT_BUSY', cause: { name: 'WechatOutage', hasLeft: false } }, proxy)
    t.match(error.cause.message, reason)
    t.match(error.action, action)
    t.notMatch(inspect(error, { depth: 9, showHidden: true }), /planted|top secret|Basic/)
  }
})

t.test('what fails behind the proxy is not laid at its door', async (t) => {
  const proxy = await connectProxy(t, { to: await secureWechat(t) })
  const error = await failureOf(through(t, proxy.url).send(request, 8_000))
  t.match(
    error.cause.message,
    /could not connect to localhost:8443 through the proxy .*self.signed/i,
  )
})
