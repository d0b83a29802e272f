import t from 'tap'
import { expectedCodes } from '../../fixtures/network/expected-codes.ts'
import {
  failed,
  failure,
  LOGIN_CODE,
  mockedMiniProgram,
  SECRET,
  testLogs,
} from '../../fixtures/network/mini-program.ts'
import {
  image,
  IMAGE_PATH,
  jpeg,
  json,
  png,
  refusal,
  SESSION_PATH,
  TOKEN_PATH,
} from '../../fixtures/network/mocked-wechat.ts'

t.test('the image is asked for with a token, as the settings say', async (t) => {
  const { wechat, calls, lines } = mockedMiniProgram(t, { [IMAGE_PATH]: () => image(jpeg) })
  t.strictSame(await wechat.codeImage('scene-1'), { contentType: 'image/jpeg', bytes: jpeg })
  t.strictSame(calls, [
    {
      path: TOKEN_PATH,
      method: 'POST',
      query: {},
      body: {
        grant_type: 'client_credential',
        appid: 'wx0123456789abcdef',
        secret: SECRET,
        force_refresh: false,
      },
    },
    {
      path: IMAGE_PATH,
      method: 'POST',
      query: { access_token: 'TOKEN_A' },
      body: {
        scene: 'scene-1',
        page: 'pages/login/login',
        env_version: 'release',
        check_path: true,
        width: 430,
      },
    },
  ])
  t.same(failed(lines), [])
})

t.test('the API may be below a path', async (t) => {
  const handlers = {
    [IMAGE_PATH]: () => image(jpeg),
    [SESSION_PATH]: () => json({ openid: 'oAlice' }),
  }
  const { wechat, calls } = mockedMiniProgram(t, handlers, 'http://127.0.0.1:3000/sandbox/wechat')
  await wechat.codeImage('scene-1')
  await wechat.codeToSession(LOGIN_CODE)
  t.equal(calls.length, 3)
})

t.test('an image is told by its bytes, under any header', async (t) => {
  const types = ['image/jpeg', 'image/png', 'application/json; charset=UTF-8', 'text/plain']
  const { wechat } = mockedMiniProgram(t, { [IMAGE_PATH]: (_, nth) => image(png, types[nth]) })
  for (const type of types) {
    t.match(await wechat.codeImage('scene-1'), { contentType: 'image/png' }, type)
  }
  const lying = mockedMiniProgram(t, {
    [IMAGE_PATH]: () => ({ ...image(Buffer.from('{"errcode":41030}')) }),
  })
  t.match(await failure(lying.wechat.codeImage('scene-1')), { code: 'WECHAT_MISCONFIGURED' })
})

t.test('neither an image nor an error is WECHAT_ERROR', async (t) => {
  for (const data of ['', 'GIF89a', '<html>', '{}', '{"errcode":0,"errmsg":"ok"}', '[]']) {
    const { wechat, count, lines } = mockedMiniProgram(t, { [IMAGE_PATH]: () => ({ data }) })
    t.match(await failure(wechat.codeImage('scene-1')), { code: 'WECHAT_ERROR' }, data)
    t.equal(count(IMAGE_PATH), 1)
    t.match(failed(lines), [{ level: 'warn', api: 'getwxacodeunlimit' }])
  }
  const data = Buffer.concat([jpeg, Buffer.alloc(1024 * 1024)])
  const { wechat } = mockedMiniProgram(t, { [IMAGE_PATH]: () => ({ data }) })
  t.match(await failure(wechat.codeImage('scene-1')), { code: 'WECHAT_ERROR', cause: /larger/ })
})

t.test('every errcode becomes its code, repeated only where that can help', async (t) => {
  for (const [errcode, code] of expectedCodes.getwxacodeunlimit) {
    const { wechat, count, lines } = mockedMiniProgram(t, { [IMAGE_PATH]: () => refusal(errcode) })
    t.match(await failure(wechat.codeImage('scene-1')), { code }, `errcode ${errcode}`)
    t.equal(count(IMAGE_PATH), errcode === -1 ? 2 : 1, `errcode ${errcode}`)
    const level = code === 'WECHAT_MISCONFIGURED' ? 'error' : 'warn'
    t.match(failed(lines), [{ level, api: 'getwxacodeunlimit', code, errcode, action: /\w/ }])
    t.equal(failed(lines).length, 1)
  }
})

t.test('an outage is tried once more, and may be over by then', async (t) => {
  for (const trouble of [
    () => new Error('other side closed'),
    () => ({ status: 503, data: '' }),
    () => refusal(-1),
  ]) {
    const heals = mockedMiniProgram(t, {
      [IMAGE_PATH]: (_, nth) => (nth === 0 ? trouble() : image(jpeg)),
    })
    t.match(await heals.wechat.codeImage('scene-1'), { contentType: 'image/jpeg' })
    t.equal(heals.count(IMAGE_PATH), 2)
    const stays = mockedMiniProgram(t, { [IMAGE_PATH]: trouble })
    t.match(await failure(stays.wechat.codeImage('scene-1')), { code: 'WECHAT_BUSY' })
    t.equal(stays.count(IMAGE_PATH), 2)
    t.equal(failed(stays.lines).length, 1)
  }
})

t.test('20 at once share one token', async (t) => {
  const { wechat, count } = mockedMiniProgram(t, { [IMAGE_PATH]: () => image(jpeg) })
  await Promise.all(Array.from({ length: 20 }, (_, i) => wechat.codeImage(`scene-${i}`)))
  t.equal(count(TOKEN_PATH), 1)
  t.equal(count(IMAGE_PATH), 20)
})

testLogs(t, 45)
