import t from 'tap'
import { safeLink } from '../../../src/wechat/mini-program.ts'
import { createUrlLinks } from '../../../src/wechat/url-link.ts'
import { expectedCodes } from '../../fixtures/network/expected-codes.ts'
import {
  failed,
  failure,
  mockedMiniProgram,
  testLogs,
} from '../../fixtures/network/mini-program.ts'
import {
  image,
  IMAGE_PATH,
  jpeg,
  json,
  LINK_PATH,
  refusal,
  token,
  TOKEN_PATH,
} from '../../fixtures/network/mocked-wechat.ts'

const REAL = 'https://api.weixin.qq.com'
const SANDBOX = 'http://127.0.0.1:3000/sandbox/wechat'

const link = (url: unknown) => json({ errcode: 0, errmsg: 'ok', url_link: url })

t.test('the link is to the page of the settings, the scene stands behind it', async (t) => {
  const { wechat, calls, lines } = mockedMiniProgram(t, {
    [LINK_PATH]: () => link('https://wxaurl.cn/abc'),
  })
  t.equal(await wechat.urlLink('scene-1'), 'https://wxaurl.cn/abc?cq=scene%3Dscene-1')
  t.strictSame(calls[1], {
    path: LINK_PATH,
    method: 'POST',
    query: { access_token: 'TOKEN_A' },
    body: {
      path: 'pages/login/login',
      env_version: 'release',
      expire_type: 1,
      expire_interval: 30,
    },
  })
  t.same(failed(lines), [])
})

t.test('one link serves every scene, and callers that come together', async (t) => {
  const { wechat, count } = mockedMiniProgram(t, {
    [LINK_PATH]: () => link('https://wxaurl.cn/abc?from=1'),
  })
  const scenes = Array.from({ length: 20 }, (_, i) => `scene-${i}`)
  const links = await Promise.all(scenes.map((scene) => wechat.urlLink(scene)))
  t.same(
    links,
    scenes.map((scene) => `https://wxaurl.cn/abc?from=1&cq=scene%3D${scene}`),
  )
  await wechat.urlLink('scene-20')
  t.equal(count(LINK_PATH), 1)
})

t.test('a link is made anew after a day, and given out no more before it dies', async (t) => {
  const DAY = 86_400_000
  let now = 0
  let made = 0
  let fails = false
  const linkOf = createUrlLinks(
    async () => {
      if (fails) throw new Error('no link')
      return `https://wxaurl.cn/${++made}`
    },
    () => now,
  )
  const nth = async () => new URL(await linkOf('s')).pathname
  t.equal(await nth(), '/1')
  now = DAY - 1
  t.equal(await nth(), '/1')
  now = DAY
  t.equal(await nth(), '/2')
  fails = true
  now = DAY + 29 * DAY - 1
  t.equal(await nth(), '/2', 'WeChat makes no other, and it still lives')
  now += 1
  await t.rejects(linkOf('s'), { message: 'no link' })
  fails = false
  t.equal(await nth(), '/3', 'a failure is not kept')
})

t.test('an answer without a link to send people to is WECHAT_ERROR', async (t) => {
  for (const answer of [json({ errcode: 0 }), link('http://wxaurl.cn/abc')]) {
    const { wechat, count, lines } = mockedMiniProgram(t, { [LINK_PATH]: () => answer })
    t.match(await failure(wechat.urlLink('scene-1')), { code: 'WECHAT_ERROR' })
    t.equal(count(LINK_PATH), 1)
    t.match(failed(lines), [{ level: 'warn', api: 'generate_urllink', reason: /url_link/ }])
  }
})

t.test('every errcode becomes its code, repeated only where that can help', async (t) => {
  for (const [errcode, code] of expectedCodes.generate_urllink) {
    const { wechat, count, lines } = mockedMiniProgram(t, { [LINK_PATH]: () => refusal(errcode) })
    t.match(await failure(wechat.urlLink('scene-1')), { code }, `errcode ${errcode}`)
    t.equal(count(LINK_PATH), errcode === -1 ? 2 : 1, `errcode ${errcode}`)
    const level = code === 'WECHAT_MISCONFIGURED' ? 'error' : 'warn'
    t.match(failed(lines), [{ level, api: 'generate_urllink', code, errcode, action: /\w/ }])
    t.equal(failed(lines).length, 1)
  }
})

t.test('a refused token is replaced, for the codes as well', async (t) => {
  const { wechat, count, lines } = mockedMiniProgram(t, {
    [TOKEN_PATH]: (_, nth) => token(`TOKEN_${nth}`),
    [LINK_PATH]: ({ query }) =>
      query['access_token'] === 'TOKEN_0' ? refusal(42001) : link('https://wxmpurl.cn/abc'),
    [IMAGE_PATH]: ({ query }) =>
      query['access_token'] === 'TOKEN_0' ? refusal(42001) : image(jpeg),
  })
  t.match(await wechat.urlLink('scene-1', { reqId: 'a-1' }), 'https://wxmpurl.cn/abc?cq=')
  t.match(lines, [{ level: 'info', reqId: 'a-1', api: 'generate_urllink', errcode: 42001 }])
  await wechat.codeImage('scene-1')
  t.equal(count(TOKEN_PATH), 2)
  t.equal(count(IMAGE_PATH), 1)
})

t.test('the breaker of links is their own', async (t) => {
  const dead = () => ({ status: 502, data: '' })
  const { wechat } = mockedMiniProgram(t, { [LINK_PATH]: dead, [IMAGE_PATH]: () => image(jpeg) })
  for (let i = 0; i < 5; i++) await failure(wechat.urlLink(`scene-${i}`))
  t.match(wechat.health().paused, { generate_urllink: true, getwxacodeunlimit: false })
  t.match(await wechat.codeImage('scene-1'), { contentType: 'image/jpeg' })
})

t.test('WeChat’s links are https, a sandbox’s may be what it is', async (t) => {
  for (const link of ['https://wxaurl.cn/AbCdEf', 'https://wxmpurl.cn/AbCdEf?cq=a%3Db']) {
    t.equal(safeLink(link, REAL), link)
    t.equal(safeLink(link, SANDBOX), link)
  }
  const http = 'http://127.0.0.1:3000/sandbox/phone?scene=abc'
  t.equal(safeLink(http, SANDBOX), http)
  t.equal(safeLink(http, REAL), undefined)
})

t.test('nothing else is a link', async (t) => {
  const long = `https://wxaurl.cn/${'x'.repeat(1006)}`
  t.equal(safeLink(long, REAL), long, '1024 characters')
  const others = [undefined, null, 7, '', 'wxaurl.cn/a', '//wxaurl.cn/a', 'https://', `${long}x`]
  for (const other of [...others, 'javascript:alert(1)', 'weixin://dl/business/?t=a', ['https:']]) {
    for (const base of [REAL, SANDBOX]) t.equal(safeLink(other, base), undefined, String(other))
  }
})

testLogs(t, 45)
