import Fastify from 'fastify'
import t from 'tap'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../../../src/config/sandbox.ts'
import type { RateWindow } from '../../../src/sandbox/wechat/rate-window.ts'
import { wechatRoutes } from '../../../src/sandbox/wechat/routes.ts'
import { createSandboxState } from '../../../src/sandbox/wechat/state.ts'
import { openSandbox } from '../../fixtures/network/sandbox.ts'
import { createClock } from '../../fixtures/network/sandbox-clock.ts'
import { CGI, isError, MORE, SNS } from '../../fixtures/network/sandbox-errors.ts'

/** Access tokens, quotas and sessions. */

const MINUTE = 60_000

t.test(
  'stable_token gives the token alone, the same one again, and a new one by force',
  async (t) => {
    const sandbox = await openSandbox(t)
    const first = await sandbox.stableToken()
    t.equal(first.status, 200)
    t.equal(first.type, CGI)
    t.same(Object.keys(first.json), ['access_token', 'expires_in'])
    t.equal(first.json.expires_in, 7200)
    sandbox.clock.advance(10_000)
    const again = await sandbox.stableToken({ force_refresh: false })
    t.same(again.json, { ...first.json, expires_in: 7190 })
    const forced = await sandbox.stableToken({ force_refresh: true })
    t.not(forced.json.access_token, first.json.access_token)
  },
)

const tokenErrors: [string, object | string, number, string][] = [
  ['no appid', { appid: '' }, 41002, 'appid missing'],
  ['no appid and no secret', { appid: '', secret: '' }, 41002, 'appid missing'],
  ['no secret', { secret: '' }, 41004, 'appsecret missing'],
  ['another appid', { appid: 'wx0123456789abcdef', secret: 'x' }, 40013, 'invalid appid'],
  ['another appid and no grant_type', { appid: 'wx0', grant_type: '' }, 40013, 'invalid appid'],
  ['no grant_type', { grant_type: '' }, 40002, 'invalid grant_type'],
  ['another grant_type', { grant_type: 'authorization_code' }, 40002, 'invalid grant_type'],
  ['another secret', { secret: 'f'.repeat(32) }, 40125, 'invalid appsecret'],
]

for (const [what, body, errcode, errmsg] of tokenErrors) {
  t.test(`both token calls answer ${errcode} to ${what}`, async (t) => {
    const sandbox = await openSandbox(t)
    const given = body as Record<string, string>
    isError(t, sandbox, await sandbox.stableToken(given), CGI, [errcode, errmsg])
    isError(t, sandbox, await sandbox.plainToken(given), CGI, [errcode, errmsg])
  })
}

t.test('stable_token wants a POST with a JSON body of the right types', async (t) => {
  const sandbox = await openSandbox(t)
  const path = '/sandbox/wechat/cgi-bin/stable_token'
  const format: [number, string] = [47001, 'data format error']
  for (const body of ['{', 'grant_type=client_credential', '[]', 'null', '{"appid":1}']) {
    isError(t, sandbox, await sandbox.call('POST', path, body), CGI, format)
  }
  isError(t, sandbox, await sandbox.stableToken({ force_refresh: 'true' }), CGI, format)
  isError(t, sandbox, await sandbox.call('POST', path), CGI, [44002, 'empty post data'])
  isError(t, sandbox, await sandbox.call('POST', path, '', 'text/plain'), CGI, [
    44002,
    'empty post data',
  ])
  isError(t, sandbox, await sandbox.call('GET', path), CGI, [43002, 'require POST method'])
})

t.test('JSON is understood under every content type', async (t) => {
  const sandbox = await openSandbox(t)
  const body = await sandbox.stableToken()
  const image = await sandbox.codeImage(
    String(body.json.access_token),
    { scene: 'a'.repeat(22) },
    'text/plain',
  )
  t.equal(image.type, 'image/jpeg')
})

t.test('token makes a new one each time', async (t) => {
  const sandbox = await openSandbox(t)
  const first = await sandbox.plainToken()
  t.equal(first.type, CGI)
  t.same(Object.keys(first.json), ['access_token', 'expires_in'])
  t.equal(first.json.expires_in, 7200)
  t.not((await sandbox.plainToken()).json.access_token, first.json.access_token)
})

/** Uses a quota up from behind, which is quicker than thousands of calls; answers how many it took. */
function useUp(quota: RateWindow): number {
  let taken = 0
  while (quota.take()) taken += 1
  return taken
}

t.test('quotas: a call counts, and the one that is too many is refused', async (t) => {
  const clock = createClock()
  const state = createSandboxState({ appid: SANDBOX_APPID, now: clock.now })
  const app = Fastify()
  t.teardown(() => app.close())
  const credentials = { appid: SANDBOX_APPID, secret: SANDBOX_SECRET }
  await app.register(wechatRoutes, { state, ...credentials, publicUrl: 'http://127.0.0.1:3000' })
  const grant = { grant_type: 'client_credential', ...credentials }
  const stable = async () => {
    return (
      await app.inject({ method: 'POST', url: '/cgi-bin/stable_token', payload: grant })
    ).json()
  }
  const plain = async () => (await app.inject({ url: '/cgi-bin/token', query: grant })).json()
  const query = { access_token: String((await stable()).access_token) }
  const image = async () => {
    const url = '/wxa/getwxacodeunlimit'
    const response = await app.inject({ method: 'POST', url, query, payload: { scene: 'a' } })
    return response.headers['content-type'] === 'image/jpeg' ? {} : response.json()
  }

  const link = async () => {
    const payload = { query: 'scene=a', expire_type: 1, expire_interval: 1 }
    return (
      await app.inject({ method: 'POST', url: '/wxa/generate_urllink', query, payload })
    ).json()
  }

  await image()
  t.equal(useUp(state.quotas.codeImageMinute), 4999)
  t.match(await image(), { errcode: 45009, errmsg: /^api freq out of limit rid: / })

  await stable()
  t.equal(useUp(state.quotas.stableMinute), 9998)
  const slower = /^api minute-quota reach limit, must slower, retry next minute rid: /
  t.match(await stable(), { errcode: 45011, errmsg: slower })

  clock.advance(MINUTE)
  t.same(await image(), {}, 'the next minute has a quota of its own')
  t.match(await stable(), { access_token: String })

  await link()
  t.equal(useUp(state.quotas.linkSecond), 99)
  t.match(await link(), { errcode: 44990, errmsg: /^reach max api second frequence limit rid: / })
  clock.advance(1000)
  t.equal(useUp(state.quotas.linkDay), 499_999)
  t.match(await link(), { errcode: 44993, errmsg: /^reach max api day frequence limit rid: / })

  t.equal(useUp(state.quotas.stableDay), 499_997)
  t.match(await stable(), { errcode: 45009, errmsg: /^api freq out of limit rid: / })
  t.match(await plain(), { access_token: String }, 'the token families are apart')
  t.equal(useUp(state.quotas.plainDay), 1999)
  const refused = await plain()
  t.equal(refused.errcode, 45009)
  t.ok(refused.errmsg.startsWith(`reach max api daily quota limit, ${MORE} rid: `))
})

t.test('jscode2session gives a session as plain text, with a unionid for some', async (t) => {
  const sandbox = await openSandbox(t)
  const alice = await sandbox.session(await sandbox.login('alice'))
  t.equal(alice.status, 200)
  t.equal(alice.type, SNS)
  t.same(Object.keys(alice.json), ['session_key', 'openid', 'unionid'])
  const bob = await sandbox.session(await sandbox.login('bob'))
  t.same(Object.keys(bob.json), ['session_key', 'openid'])
})

const sessionErrors: [string, Record<string, string>, number, string][] = [
  ['no appid', { appid: '' }, 41002, 'appid missing'],
  ['no secret', { secret: '' }, 41004, 'appsecret missing'],
  ['no code', { js_code: '' }, 41008, 'missing code'],
  ['another appid', { appid: 'wx0123456789abcdef' }, 40013, 'invalid appid'],
  ['no grant_type', { grant_type: '' }, 40002, 'invalid grant_type'],
  ['another secret', { secret: 'f'.repeat(32) }, 40125, 'invalid appsecret'],
  ['an unknown code', { js_code: 'x'.repeat(32) }, 40029, 'invalid code'],
]

for (const [what, params, errcode, errmsg] of sessionErrors) {
  t.test(`jscode2session answers ${errcode} to ${what} and leaves the code good`, async (t) => {
    const sandbox = await openSandbox(t)
    const code = await sandbox.login('bob')
    isError(t, sandbox, await sandbox.session(code, params), SNS, [errcode, errmsg])
    t.type((await sandbox.session(code)).json.openid, 'string')
  })
}

t.test('jscode2session tells used, expired and blocked codes apart', async (t) => {
  const sandbox = await openSandbox(t)
  const code = await sandbox.login('bob')
  await sandbox.session(code)
  isError(t, sandbox, await sandbox.session(code), SNS, [40163, 'code been used'])
  sandbox.clock.advance(5 * MINUTE)
  isError(t, sandbox, await sandbox.session(code), SNS, [40029, 'invalid code'])
  const blocked = await sandbox.session(await sandbox.login('mallory'))
  isError(t, sandbox, blocked, SNS, [40226, 'code blocked'])
})

t.test('jscode2session refuses the 101st call of a user in a minute', async (t) => {
  const sandbox = await openSandbox(t)
  for (let call = 0; call < 100; call += 1) await sandbox.session(await sandbox.login('bob'))
  const refused = await sandbox.session(await sandbox.login('bob'))
  const busy = 'api minute-quota reach limit, must slower, retry next minute'
  isError(t, sandbox, refused, SNS, [45011, busy])
})
