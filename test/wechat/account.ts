import { inspect } from 'node:util'
import t from 'tap'
import { AppError } from '../../src/errors.ts'
import { createAccount } from '../../src/wechat/account.ts'
import { expectedCodes } from '../fixtures/network/expected-codes.ts'
import {
  failed,
  failure,
  LOGIN_CODE,
  mockedMiniProgram,
  SECRET,
  testLogs,
} from '../fixtures/network/mini-program.ts'
import {
  API_BASE,
  image,
  IMAGE_PATH,
  jpeg,
  json,
  mockWechat,
  refusal,
  SESSION_PATH,
  token,
  TOKEN_PATH,
  type Handler,
} from '../fixtures/network/mocked-wechat.ts'
import { createRecordedLog } from '../fixtures/network/recorded-log.ts'

const accepts =
  (good: string, errcode: number): Handler =>
  ({ query }) =>
    query['access_token'] === good ? image(jpeg) : refusal(errcode)

t.test('a refused access token is replaced once, for all who hold it', async (t) => {
  for (const errcode of [40001, 40014, 42001]) {
    const { wechat, count } = mockedMiniProgram(t, {
      [TOKEN_PATH]: (_, nth) => token(nth === 0 ? 'TOKEN_A' : 'TOKEN_B'),
      [IMAGE_PATH]: accepts('TOKEN_B', errcode),
    })
    const images = await Promise.all(
      Array.from({ length: 10 }, (_, i) => wechat.codeImage(`scene-${i}`)),
    )
    t.equal(images.length, 10)
    t.equal(count(TOKEN_PATH), 2, `errcode ${errcode}`)
    t.equal(count(IMAGE_PATH), 20)
    await wechat.codeImage('scene-11')
    t.equal(count(TOKEN_PATH), 2)
    t.equal(count(IMAGE_PATH), 21)
  }
})

t.test('an access token that WeChat gives again is not tried again', async (t) => {
  const { wechat, count, lines } = mockedMiniProgram(t, { [IMAGE_PATH]: () => refusal(40001) })
  t.match(await failure(wechat.codeImage('scene-1')), {
    code: 'WECHAT_ERROR',
    action: /force_refresh/,
  })
  t.equal(count(TOKEN_PATH), 2)
  t.equal(count(IMAGE_PATH), 1)
  t.match(failed(lines), [{ level: 'warn', errcode: 40001, action: /another program/ }])
})

t.test('when the new access token is refused too, that is the end', async (t) => {
  const { wechat, count, lines } = mockedMiniProgram(t, {
    [TOKEN_PATH]: (_, nth) => token(`TOKEN_${nth}`),
    [IMAGE_PATH]: () => refusal(42001),
  })
  const error = await failure(wechat.codeImage('scene-1', { reqId: 'a-1' }))
  t.match(error, { code: 'WECHAT_ERROR' })
  t.match(lines, [
    { level: 'info', reqId: 'a-1' },
    { level: 'warn', reqId: 'a-1' },
  ])
  t.equal(count(TOKEN_PATH), 2)
  t.equal(count(IMAGE_PATH), 2)
})

t.test('every errcode of stable_token becomes its code', async (t) => {
  for (const [errcode, code] of expectedCodes.stable_token) {
    const { wechat, count, lines } = mockedMiniProgram(t, { [TOKEN_PATH]: () => refusal(errcode) })
    t.match(await failure(wechat.codeImage('scene-1')), { code }, `errcode ${errcode}`)
    t.equal(count(TOKEN_PATH), errcode === -1 ? 2 : 1)
    t.equal(count(IMAGE_PATH), 0)
    const level = code === 'WECHAT_MISCONFIGURED' ? 'error' : 'warn'
    t.match(failed(lines), [{ level, api: 'stable_token', code, errcode }])
  }
})

t.test('a wrong secret does not hammer WeChat, and is logged once', async (t) => {
  const { wechat, count, lines } = mockedMiniProgram(t, { [TOKEN_PATH]: () => refusal(40125) })
  const all = Array.from({ length: 20 }, (_, i) => failure(wechat.codeImage(`scene-${i}`)))
  for (const error of await Promise.all(all)) t.match(error, { code: 'WECHAT_MISCONFIGURED' })
  t.match(await failure(wechat.codeImage('scene-1')), { code: 'WECHAT_MISCONFIGURED' })
  t.equal(count(TOKEN_PATH), 1)
  t.equal(lines.length, 1)
})

t.test('an answer without an access token or a life is WECHAT_ERROR', async (t) => {
  for (const data of [
    {},
    { access_token: '', expires_in: 7200 },
    { access_token: 'TOKEN_A' },
    { access_token: 'TOKEN_A', expires_in: '7200' },
    { access_token: 'TOKEN_A', expires_in: 0 },
    { access_token: 'TOKEN_A', expires_in: -1 },
  ]) {
    const { wechat } = mockedMiniProgram(t, { [TOKEN_PATH]: () => json(data) })
    const error = await failure(wechat.codeImage('scene-1'))
    t.match(error, { code: 'WECHAT_ERROR' }, JSON.stringify(data))
  }
})

t.test('start gets an access token and never throws', async (t) => {
  const { wechat, count } = mockedMiniProgram(t, { [IMAGE_PATH]: () => image(jpeg) })
  wechat.start()
  await wechat.codeImage('scene-1')
  t.equal(count(TOKEN_PATH), 1)
  const dead = mockedMiniProgram(t, { [TOKEN_PATH]: () => refusal(40013) })
  dead.wechat.start()
  t.match(await failure(dead.wechat.codeImage('scene-1')), { code: 'WECHAT_MISCONFIGURED' })
})

t.test('a dead API is not asked any more; the others are', async (t) => {
  const { wechat, count, lines } = mockedMiniProgram(t, {
    [SESSION_PATH]: () => ({ status: 502, data: '' }),
    [IMAGE_PATH]: () => image(jpeg),
  })
  for (let i = 0; i < 5; i += 1) {
    t.match(await failure(wechat.codeToSession(`${LOGIN_CODE}${i}`)), { code: 'WECHAT_BUSY' })
  }
  for (let i = 0; i < 20; i += 1) {
    const error = await failure(wechat.codeToSession(LOGIN_CODE))
    t.match(error, { code: 'WECHAT_BUSY', retryAfter: Number, cause: { name: 'WechatPaused' } })
  }
  t.equal(count(SESSION_PATH), 5)
  t.equal(lines.length, 6, 'five failures and the breaker; nothing for the calls not made')
  t.equal(wechat.health().token, null)
  t.match(await wechat.codeImage('scene-1'), { contentType: 'image/jpeg' })
  t.match(wechat.health(), {
    token: { age: Number, expiresIn: Number },
    paused: { stable_token: false, getwxacodeunlimit: false, jscode2session: true },
  })
})

t.test('the retry does not go past an open breaker, and the reason is still told', async (t) => {
  const { wechat, count, lines } = mockedMiniProgram(t, {
    [IMAGE_PATH]: () => ({ status: 502, data: '' }),
  })
  const errors = await Promise.all(
    Array.from({ length: 5 }, (_, i) => failure(wechat.codeImage(`scene-${i}`))),
  )
  t.equal(count(IMAGE_PATH), 5)
  for (const error of errors) t.match(error, { code: 'WECHAT_BUSY', cause: /HTTP 502/ })
  t.equal(lines.filter(({ reason }) => reason === 'HTTP 502').length, 5)
})

t.test('refusals never open a breaker', async (t) => {
  const { wechat, count } = mockedMiniProgram(t, { [SESSION_PATH]: () => refusal(40029) })
  for (let i = 0; i < 30; i += 1) await failure(wechat.codeToSession(`${LOGIN_CODE}${i}`))
  t.equal(count(SESSION_PATH), 30)
})

t.test('what WeChat or the network repeats of our secrets goes nowhere', async (t) => {
  const echo: Handler = ({ query, body }) =>
    refusal(
      99999,
      `no: ${JSON.stringify({ query, body })} ${new URLSearchParams(query)} rid: 1-2-3`,
    )
  const shout: Handler = ({ query, body }) =>
    new Error(`failed: ${JSON.stringify({ query, body })} ?${new URLSearchParams(query)}`)
  for (const handler of [echo, shout]) {
    const session = mockedMiniProgram(t, { [SESSION_PATH]: handler })
    const image = mockedMiniProgram(t, { [IMAGE_PATH]: handler })
    const token = mockedMiniProgram(t, { [TOKEN_PATH]: handler })
    for (const error of [
      await failure(session.wechat.codeToSession(LOGIN_CODE)),
      await failure(image.wechat.codeImage('scene-1')),
      await failure(token.wechat.codeImage('scene-1')),
    ]) {
      const text = inspect(error, { depth: 9, showHidden: true })
      t.match(text, /\[redacted\]/)
      for (const word of [SECRET, LOGIN_CODE, 'TOKEN_A', encodeURIComponent(SECRET)]) {
        t.notOk(text.includes(word), word)
      }
    }
  }
})

t.test('after close nothing is sent and nothing runs on', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const { wechat, calls } = mockedMiniProgram(t, {
    [IMAGE_PATH]: () => image(jpeg),
    [SESSION_PATH]: () => json({ openid: 'oAlice' }),
  })
  await wechat.codeImage('scene-1')
  t.equal(timers(), before, 'even before it keeps no process alive')
  const sent = calls.length
  await wechat.close()
  t.match(await failure(wechat.codeToSession(LOGIN_CODE)), { code: 'SHUTTING_DOWN' })
  t.match(await failure(wechat.codeImage('scene-1')), { code: 'SHUTTING_DOWN' })
  t.equal(calls.length, sent)
})

t.test('an account has the APIs that it names, and says what their errcodes mean', async (t) => {
  const { dispatcher, calls } = mockWechat({
    [TOKEN_PATH]: () => token('TOKEN_A'),
    '/a': ({ query }) => (query['access_token'] === 'TOKEN_A' ? json({ n: 1 }) : refusal(7)),
  })
  const { log, lines } = createRecordedLog()
  const account = createAccount({
    appid: 'wx0123456789abcdef',
    secret: SECRET,
    apiBase: API_BASE,
    timeoutMs: 2000,
    log,
    dispatcher,
    apis: ['jscode2session'],
    refused: (api, cause) => new AppError('WECHAT_ERROR', { cause, action: `See ${api}.` }),
  })
  t.teardown(() => account.close())
  const request = { method: 'GET', path: '/a', query: { q: 'x' }, idempotent: true } as const
  const take = (_: Buffer, read: () => Record<string, unknown>) => read()['n']
  t.equal(await account.callWithToken('jscode2session', request, take), 1)
  t.same(calls[1]?.query, { q: 'x', access_token: 'TOKEN_A' })
  t.match(await failure(account.call('jscode2session', request, take, { reqId: 'a-1' })), {
    code: 'WECHAT_ERROR',
    action: 'See jscode2session.',
  })
  t.match(lines, [{ level: 'warn', reqId: 'a-1', api: 'jscode2session', errcode: 7 }])
  t.strictSame(account.health().paused, { stable_token: false, jscode2session: false })
})

testLogs(t, 100)
