import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../../../src/config/sandbox.ts'
import type { RateWindow } from '../../../src/sandbox/wechat/rate-window.ts'
import { createSandboxState } from '../../../src/sandbox/wechat/state.ts'
import { wechatRoutes } from '../../../src/sandbox/wechat/routes.ts'
import { openSandbox } from '../../fixtures/network/sandbox.ts'
import { createClock } from '../../fixtures/network/sandbox-clock.ts'

const CGI = 'application/json; encoding=utf-8'
const WXA = 'application/json; charset=UTF-8'
const SNS = 'text/plain'
const MORE =
  'could get access_token by getStableAccessToken, more details at https://mmbizurl.cn/s/JtxxFh33r'
const NOT_LATEST = `invalid credential, access_token is invalid or not latest, ${MORE}`
const MINUTE = 60_000

type Sandbox = Awaited<ReturnType<typeof openSandbox>>
type Answer = Awaited<ReturnType<Sandbox['call']>>

/** Byte for byte, but for the random part of the `rid`; its seconds are those of the clock. */
function isError(t: Test, sandbox: Sandbox, answer: Answer, type: string, rest: [number, string]) {
  const [errcode, errmsg] = rest
  t.equal(answer.status, 200)
  t.equal(answer.type, type)
  const seconds = Math.floor(sandbox.clock.now() / 1000).toString(16)
  const before = `{"errcode":${errcode},"errmsg":"${errmsg}${type === SNS ? ',' : ''} rid: ${seconds}`
  t.equal(answer.text.slice(0, before.length), before)
  t.match(answer.text.slice(before.length), /^-[0-9a-f]{8}-[0-9a-f]{8}"}$/)
}

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

t.test('getwxacodeunlimit gives PNG bytes under a JPEG label', async (t) => {
  const sandbox = await openSandbox(t)
  for (const { json } of [await sandbox.stableToken(), await sandbox.plainToken()]) {
    const scene = 'abcdefghijklmnopqrst-_'
    const response = await sandbox.app.inject({
      method: 'POST',
      url: `/sandbox/wechat/wxa/getwxacodeunlimit?access_token=${json.access_token}`,
      payload: {
        scene,
        page: 'pages/login/login',
        check_path: true,
        env_version: 'trial',
        width: 300,
        auto_color: false,
        line_color: { r: 0, g: '0', b: 0 },
        is_hyaline: true,
      },
    })
    t.equal(response.statusCode, 200)
    t.equal(response.headers['content-type'], 'image/jpeg')
    t.equal(response.headers['content-disposition'], `attachment; filename="_${scene}"`)
    t.equal(response.headers['cache-control'], 'no-cache, must-revalidate')
    t.equal(response.rawPayload.toString('hex', 0, 8), '89504e470d0a1a0a')
    t.equal(response.rawPayload.readUInt32BE(16), 300, 'as wide as asked for')
  }
})

t.test('two scenes have two pictures, one scene has one', async (t) => {
  const sandbox = await openSandbox(t)
  const token = String((await sandbox.stableToken()).json.access_token)
  const [a, b, again] = [
    await sandbox.codeImage(token, { scene: 'a'.repeat(22) }),
    await sandbox.codeImage(token, { scene: 'b'.repeat(22) }),
    await sandbox.codeImage(token, { scene: 'a'.repeat(22) }),
  ]
  t.not(a.text, b.text)
  t.equal(a.text, again.text)
})

const length = 'invalid length for scene, or the data is not json string'
const scene = 'a'.repeat(22)
const imageErrors: [string, unknown, number, string][] = [
  ['no scene', {}, 40169, length],
  ['an empty scene', { scene: '' }, 40169, length],
  ['a scene of 33 characters', { scene: 'a'.repeat(33) }, 40169, length],
  ['a body that is not JSON', 'scene=abc', 40169, length],
  ['no body', '', 44002, 'empty post data'],
  ['a scene with a percent sign', { scene: 'a%20b' }, 40129, 'invalid scene'],
  ['a scene in Chinese', { scene: '登录' }, 40129, 'invalid scene'],
  ['a scene with a quote', { scene: 'a"b' }, 40129, 'invalid scene'],
  ['a scene that is a number', { scene: 12 }, 47001, 'data format error'],
  ['a hyaline that is a number', { scene, is_hyaline: 1 }, 47001, 'data format error'],
  ['a check_path that is a string', { scene, check_path: 'true' }, 47001, 'data format error'],
  ['a body that is a list', [scene], 47001, 'data format error'],
  ['a page that begins with a slash', { scene, page: '/pages/login' }, 41030, 'invalid page'],
  ['a page with a query', { scene, page: 'pages/login?a=1' }, 41030, 'invalid page'],
  [
    'a page with scancode_time',
    { scene, page: 'pages/login?scancode_time=1' },
    85096,
    'not allow include scancode_time field',
  ],
  ['an unknown env_version', { scene, env_version: 'prod' }, 40097, 'invalid args'],
  ['a width of 279', { scene, width: 279 }, 40097, 'invalid args'],
  ['a width of 1281', { scene, width: 1281 }, 40097, 'invalid args'],
]

for (const [what, body, errcode, errmsg] of imageErrors) {
  t.test(`getwxacodeunlimit answers ${errcode} to ${what}`, async (t) => {
    const sandbox = await openSandbox(t)
    const token = String((await sandbox.stableToken()).json.access_token)
    isError(t, sandbox, await sandbox.codeImage(token, body), WXA, [errcode, errmsg])
  })
}

t.test('getwxacodeunlimit takes every character and length that is allowed', async (t) => {
  const sandbox = await openSandbox(t)
  const token = String((await sandbox.stableToken()).json.access_token)
  for (const allowed of ["!#$&'()*+,/:;=?@-._~", 'Zz9', 'x'.repeat(32)]) {
    t.equal((await sandbox.codeImage(token, { scene: allowed, page: '' })).type, 'image/jpeg')
  }
})

t.test('getwxacodeunlimit answers 47001 to a form', async (t) => {
  const sandbox = await openSandbox(t)
  const token = String((await sandbox.stableToken()).json.access_token)
  const form = 'application/x-www-form-urlencoded'
  const answer = await sandbox.codeImage(token, `scene=${scene}`, form)
  isError(t, sandbox, answer, WXA, [47001, 'data format error'])
})

t.test('getwxacodeunlimit looks at the access token before anything else', async (t) => {
  const sandbox = await openSandbox(t)
  const path = '/sandbox/wechat/wxa/getwxacodeunlimit'
  const missing: [number, string] = [41001, 'access_token missing']
  isError(t, sandbox, await sandbox.call('POST', path, 'no JSON'), WXA, missing)
  const inBody = { access_token: 'x', scene }
  isError(t, sandbox, await sandbox.call('POST', path, inBody), WXA, missing)
  const malformed = await sandbox.codeImage('x', 'no JSON')
  isError(t, sandbox, malformed, WXA, [40014, 'invalid access_token'])
  const unknown = await sandbox.codeImage(`12_${'A'.repeat(130)}`, { scene })
  isError(t, sandbox, unknown, WXA, [40001, NOT_LATEST])
  isError(t, sandbox, await sandbox.call('GET', path), WXA, [43002, 'require POST method'])
})

t.test('getwxacodeunlimit tells an expired token from one that is not the latest', async (t) => {
  const sandbox = await openSandbox(t)
  const replaced = String((await sandbox.plainToken()).json.access_token)
  const expiring = String((await sandbox.plainToken()).json.access_token)
  sandbox.clock.advance(5 * MINUTE)
  isError(t, sandbox, await sandbox.codeImage(replaced, { scene }), WXA, [40001, NOT_LATEST])
  sandbox.clock.advance(115 * MINUTE)
  const expired = await sandbox.codeImage(expiring, { scene })
  isError(t, sandbox, expired, WXA, [42001, 'access_token expired'])
})

const forADay = { expire_type: 1, expire_interval: 1 }

t.test('generate_urllink gives a link to the phone page', async (t) => {
  const sandbox = await openSandbox(t)
  const token = String((await sandbox.stableToken()).json.access_token)
  const link = async (body: object) => {
    const { status, type, json } = await sandbox.urlLink(token, body)
    t.match({ status, type, json }, { status: 200, type: WXA, json: { errcode: 0, errmsg: 'ok' } })
    return json.url_link
  }
  const phone = 'http://127.0.0.1:3000/sandbox/phone?scene='
  const path = 'pages/login/login'
  const query = 'scene=abcdefghijklmnopqrst-_'
  t.equal(
    await link({ path, query, env_version: 'trial', ...forADay }),
    `${phone}abcdefghijklmnopqrst-_`,
  )
  const now = Math.floor(sandbox.clock.now() / 1000)
  t.equal(await link({ query: 'a=1&scene=%26b', expire_time: now + 61 }), `${phone}%26b`)
  t.equal(await link({ query: `x=${'y'.repeat(1022)}`, ...forADay }), phone, 'without a scene')
})

const linkErrors: [string, unknown, number, string][] = [
  ['no body', '', 44002, 'empty post data'],
  ['a body that is not JSON', 'query=scene', 47001, 'data format error'],
  ['a query that is a number', { query: 7, ...forADay }, 47001, 'data format error'],
  ['a leading slash', { path: '/pages/login', ...forADay }, 40165, 'invalid weapp pagepath'],
  ['a path with a query', { path: 'pages/a?b', ...forADay }, 40165, 'invalid weapp pagepath'],
  ['a query in Chinese', { query: 'scene=登录', ...forADay }, 40212, 'invalid query'],
  ['1025 characters', { query: 'x'.repeat(1025), ...forADay }, 40212, 'invalid query'],
  ['an unknown env_version', { env_version: 'prod', ...forADay }, 85402, 'invalid env_version'],
  ...[
    {},
    { expire_type: 1 },
    { expire_type: 1, expire_interval: 31 },
    { expire_type: 1, expire_interval: 1.5 },
    { expire_type: 0, expire_interval: 1 },
    { expire_type: 2, expire_interval: 1 },
    { expire_time: 1 },
    { expire_time: 1e12 },
  ].map((life): [string, unknown, number, string] => [
    JSON.stringify(life),
    life,
    85401,
    'time limit between 1min and 30days',
  ]),
]

t.test('generate_urllink refuses what WeChat refuses', async (t) => {
  const sandbox = await openSandbox(t)
  const token = String((await sandbox.stableToken()).json.access_token)
  for (const [what, body, errcode, errmsg] of linkErrors) {
    await t.test(`${errcode} to ${what}`, async (t) => {
      isError(t, sandbox, await sandbox.urlLink(token, body), WXA, [errcode, errmsg])
    })
  }
  const form = await sandbox.urlLink(token, 'a=b', 'application/x-www-form-urlencoded')
  isError(t, sandbox, form, WXA, [47001, 'data format error'])
  isError(t, sandbox, await sandbox.urlLink('x', forADay), WXA, [40014, 'invalid access_token'])
  isError(t, sandbox, await sandbox.urlLink('', forADay), WXA, [41001, 'access_token missing'])
  const get = await sandbox.call('GET', '/sandbox/wechat/wxa/generate_urllink')
  isError(t, sandbox, get, WXA, [43002, 'require POST method'])
  await sandbox.call('POST', '/sandbox/faults', { api: 'generate_urllink', errcode: 85407 })
  const planned = await sandbox.urlLink(token, forADay)
  isError(t, sandbox, planned, WXA, [85407, 'no scheme permission'])
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
