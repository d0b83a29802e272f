import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { examine } from '../src/doctor/examine.ts'
import { call, clientOf } from './fixtures/network/client.ts'
import { connectProxy } from './fixtures/network/connect-proxy.ts'
import { credentials, PNG, startServer } from './fixtures/network/server.ts'
import { postgresUrl } from './fixtures/postgres/database.ts'

/** A machine that reaches WeChat through its company's proxy alone: found 01. */

const wechat = createServer((request, response) => {
  if (request.url?.includes('getwxacodeunlimit')) return void response.end(PNG)
  response.end(
    request.method === 'GET'
      ? '{"errcode":43002,"errmsg":"require POST method"}'
      : '{"access_token":"an-access-token","expires_in":7200}',
  )
})
wechat.listen(0, '127.0.0.1')
await once(wechat, 'listening')
t.teardown(() => (wechat.closeAllConnections(), wechat.close()))
const { port: to } = wechat.address() as AddressInfo

const env = {
  ...credentials,
  DATABASE_URL: await postgresUrl(t),
  // No name server knows it: only the proxy leads there.
  WECHAT_API_BASE: 'http://wechat.invalid',
  CODE_STOCK: '0',
}

t.test('codes come through the proxy, which is named at start without its password', async (t) => {
  const proxy = await connectProxy(t, { to, user: 'me:planted' })
  const HTTP_PROXY = proxy.url.replace('//', '//me:planted@')
  // Node's own variable changes nothing, and neither does what else stands there.
  const server = await startServer(t, { ...env, HTTP_PROXY, NODE_USE_ENV_PROXY: '1' })
  t.match(server.stdout(), `calls to WeChat go through the proxy ${proxy.url}`)
  const { scene } = await clientOf(server.url).create()
  t.match(await call(`${server.url}/ticket/${scene}/qrcode`), { status: 200 })
  t.equal(proxy.asked[0], 'wechat.invalid:80')
  t.notMatch(server.stdout() + server.stderr(), 'planted')
})

const findingOf = async (HTTP_PROXY: string) => {
  const results = await examine({ env: { ...env, HTTP_PROXY, PUBLIC_URL: 'http://127.0.0.1:1' } })
  return results.filter(({ name }) => /^wechat(-proxy)?$/.test(name))
}

t.test('the doctor tries the proxy, and tells it from what is behind', async (t) => {
  const proxy = await connectProxy(t, { to, user: 'me:planted' })
  const good = await findingOf(proxy.url.replace('//', '//me:planted@'))
  t.match(good, [
    { name: 'wechat-proxy', status: 'ok' },
    { name: 'wechat', status: 'ok' },
  ])
  t.match(good[0]?.says.en, `through the proxy ${proxy.url}, which lets them pass`)
  t.notMatch(JSON.stringify(good), 'planted')

  const bad = await findingOf(proxy.url)
  t.match(bad, [{ status: 'failed' }, { status: 'unchecked' }])
  t.match(bad[0], { says: { en: /wants a user and a password \(HTTP 407\)/, zh: /407/ } })

  const none = await findingOf('http://127.0.0.1:1')
  t.match(none[0], { status: 'failed', says: { en: /cannot be reached: .*ECONNREFUSED/ } })
})
