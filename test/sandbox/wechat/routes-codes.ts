import t from 'tap'
import { openSandbox } from '../../fixtures/network/sandbox.ts'
import { isError, NOT_LATEST, WXA } from '../../fixtures/network/sandbox-errors.ts'

/** What leads to the phone page: code images and URL links. */

const MINUTE = 60_000

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

const BAD_LENGTH = 'invalid length for scene, or the data is not json string'
const SCENE = 'a'.repeat(22)
const imageErrors: [string, unknown, number, string][] = [
  ['no scene', {}, 40169, BAD_LENGTH],
  ['an empty scene', { scene: '' }, 40169, BAD_LENGTH],
  ['a scene of 33 characters', { scene: 'a'.repeat(33) }, 40169, BAD_LENGTH],
  ['a body that is not JSON', 'scene=abc', 40169, BAD_LENGTH],
  ['no body', '', 44002, 'empty post data'],
  ['a scene with a percent sign', { scene: 'a%20b' }, 40129, 'invalid scene'],
  ['a scene in Chinese', { scene: '登录' }, 40129, 'invalid scene'],
  ['a scene with a quote', { scene: 'a"b' }, 40129, 'invalid scene'],
  ['a scene that is a number', { scene: 12 }, 47001, 'data format error'],
  ['a hyaline that is a number', { scene: SCENE, is_hyaline: 1 }, 47001, 'data format error'],
  [
    'a check_path that is a string',
    { scene: SCENE, check_path: 'true' },
    47001,
    'data format error',
  ],
  ['a body that is a list', [SCENE], 47001, 'data format error'],
  [
    'a page that begins with a slash',
    { scene: SCENE, page: '/pages/login' },
    41030,
    'invalid page',
  ],
  ['a page with a query', { scene: SCENE, page: 'pages/login?a=1' }, 41030, 'invalid page'],
  [
    'a page with scancode_time',
    { scene: SCENE, page: 'pages/login?scancode_time=1' },
    85096,
    'not allow include scancode_time field',
  ],
  ['an unknown env_version', { scene: SCENE, env_version: 'prod' }, 40097, 'invalid args'],
  ['a width of 279', { scene: SCENE, width: 279 }, 40097, 'invalid args'],
  ['a width of 1281', { scene: SCENE, width: 1281 }, 40097, 'invalid args'],
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
  const answer = await sandbox.codeImage(token, `scene=${SCENE}`, form)
  isError(t, sandbox, answer, WXA, [47001, 'data format error'])
})

t.test('getwxacodeunlimit looks at the access token before anything else', async (t) => {
  const sandbox = await openSandbox(t)
  const path = '/sandbox/wechat/wxa/getwxacodeunlimit'
  const missing: [number, string] = [41001, 'access_token missing']
  isError(t, sandbox, await sandbox.call('POST', path, 'no JSON'), WXA, missing)
  const inBody = { access_token: 'x', scene: SCENE }
  isError(t, sandbox, await sandbox.call('POST', path, inBody), WXA, missing)
  const malformed = await sandbox.codeImage('x', 'no JSON')
  isError(t, sandbox, malformed, WXA, [40014, 'invalid access_token'])
  const unknown = await sandbox.codeImage(`12_${'A'.repeat(130)}`, { scene: SCENE })
  isError(t, sandbox, unknown, WXA, [40001, NOT_LATEST])
  isError(t, sandbox, await sandbox.call('GET', path), WXA, [43002, 'require POST method'])
})

t.test('getwxacodeunlimit tells an expired token from one that is not the latest', async (t) => {
  const sandbox = await openSandbox(t)
  const replaced = String((await sandbox.plainToken()).json.access_token)
  const expiring = String((await sandbox.plainToken()).json.access_token)
  sandbox.clock.advance(5 * MINUTE)
  isError(t, sandbox, await sandbox.codeImage(replaced, { scene: SCENE }), WXA, [40001, NOT_LATEST])
  sandbox.clock.advance(115 * MINUTE)
  const expired = await sandbox.codeImage(expiring, { scene: SCENE })
  isError(t, sandbox, expired, WXA, [42001, 'access_token expired'])
})

const FOR_A_DAY = { expire_type: 1, expire_interval: 1 }

t.test('generate_urllink gives a link to the phone page', async (t) => {
  const sandbox = await openSandbox(t)
  const token = String((await sandbox.stableToken()).json.access_token)
  const link = async (body: object) => {
    const { status, type, json } = await sandbox.urlLink(token, body)
    t.match({ status, type, json }, { status: 200, type: WXA, json: { errcode: 0, errmsg: 'ok' } })
    return json.url_link
  }
  const phone = 'http://127.0.0.1:3000/sandbox/phone?'
  const path = 'pages/login/login'
  const query = 'scene=abcdefghijklmnopqrst-_'
  t.equal(
    await link({ path, query, env_version: 'trial', ...FOR_A_DAY }),
    `${phone}scene=abcdefghijklmnopqrst-_&entered_by=1194`,
  )
  const now = Math.floor(sandbox.clock.now() / 1000)
  t.equal(
    await link({ query: 'a=1&scene=%26b', expire_time: now + 61 }),
    `${phone}a=1&scene=%26b&entered_by=1194`,
  )
  t.equal(
    await link({ path, ...FOR_A_DAY }),
    `${phone}entered_by=1194`,
    'its query may stand behind it, as cq',
  )
})

const linkErrors: [string, unknown, number, string][] = [
  ['no body', '', 44002, 'empty post data'],
  ['a body that is not JSON', 'query=scene', 47001, 'data format error'],
  ['a query that is a number', { query: 7, ...FOR_A_DAY }, 47001, 'data format error'],
  ['a leading slash', { path: '/pages/login', ...FOR_A_DAY }, 40165, 'invalid weapp pagepath'],
  ['a path with a query', { path: 'pages/a?b', ...FOR_A_DAY }, 40165, 'invalid weapp pagepath'],
  ['a query in Chinese', { query: 'scene=登录', ...FOR_A_DAY }, 40212, 'invalid query'],
  ['1025 characters', { query: 'x'.repeat(1025), ...FOR_A_DAY }, 40212, 'invalid query'],
  ['an unknown env_version', { env_version: 'prod', ...FOR_A_DAY }, 85402, 'invalid env_version'],
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
  isError(t, sandbox, await sandbox.urlLink('x', FOR_A_DAY), WXA, [40014, 'invalid access_token'])
  isError(t, sandbox, await sandbox.urlLink('', FOR_A_DAY), WXA, [41001, 'access_token missing'])
  const get = await sandbox.call('GET', '/sandbox/wechat/wxa/generate_urllink')
  isError(t, sandbox, get, WXA, [43002, 'require POST method'])
  await sandbox.call('POST', '/sandbox/faults', { api: 'generate_urllink', errcode: 85407 })
  const planned = await sandbox.urlLink(token, FOR_A_DAY)
  isError(t, sandbox, planned, WXA, [85407, 'no scheme permission'])
})
