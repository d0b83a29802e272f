import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { inspect } from 'node:util'
import t from 'tap'
import type { Test } from 'tap'
import { createWechatClient } from '../../src/wechat/mini-program.ts'
import { expectedCodes } from '../fixtures/network/expected-codes.ts'
import * as wechat from '../fixtures/network/mocked-wechat.ts'
import type { Handler } from '../fixtures/network/mocked-wechat.ts'
import { createRecordedLog } from '../fixtures/network/recorded-log.ts'
import type { LogLine } from '../fixtures/network/recorded-log.ts'

const { tokenPath, imagePath, linkPath, sessionPath, token, image, json, refusal, jpeg, png } =
  wechat
const secret = 'a0b1c2d3 e4/f5+a6b7c8d9e0f1a2b3'
const sessionKey = 'tiihtNczf5v6AKRyjwEUhQ=='
const loginCode = '0a3LBwFa1bCdEf2GhIjK3lMnOp0LBwFz'
const sensitive = [secret, sessionKey, loginCode, 'TOKEN_']
/** The log of all the tests; the last one looks through it. */
const logs: LogLine[][] = []
const session = () => json({ session_key: sessionKey, openid: 'oAlice', unionid: 'uAlice' })

function settings(apiBase: string, changed: { timeoutMs?: number } = {}) {
  const { log, lines } = createRecordedLog()
  const options = {
    appid: 'wx0123456789abcdef',
    secret,
    apiBase,
    timeoutMs: 2000,
    page: 'pages/login/login',
    envVersion: 'release' as const,
    checkPath: true,
    codeWidth: 430,
    log,
    ...changed,
  }
  logs.push(lines)
  return { options, lines }
}

function leaks(value: unknown): string | undefined {
  const text = JSON.stringify(value) + inspect(value, { depth: 9, showHidden: true })
  return sensitive
    .flatMap((word) => [word, encodeURIComponent(word), `${new URLSearchParams({ '': word })}`])
    .map((word) => word.replace(/^=/, ''))
    .find((word) => text.includes(word))
}

function setUp(t: Test, handlers: Record<string, Handler>, apiBase = wechat.apiBase) {
  const { dispatcher, calls, count } = wechat.mockWechat(
    { [tokenPath]: () => token('TOKEN_A'), ...handlers },
    apiBase,
  )
  const { options, lines } = settings(apiBase)
  const client = createWechatClient({ ...options, dispatcher })
  t.teardown(() => client.close())
  return { client, calls, count, lines }
}

async function failure(work: Promise<unknown>): Promise<unknown> {
  return work.then(
    () => new Error('it did not fail'),
    (error: unknown) => error,
  )
}

const failed = (lines: LogLine[]) => lines.filter(({ level }) => level !== 'debug')

t.test('codeToSession', async (t) => {
  t.test('asks for the session and lets the session key go', async (t) => {
    const { client, calls, count, lines } = setUp(t, { [sessionPath]: session })
    const alice = await client.codeToSession(loginCode)
    t.strictSame(alice, { appid: 'wx0123456789abcdef', openid: 'oAlice', unionid: 'uAlice' })
    t.same(calls[0]?.query, {
      appid: 'wx0123456789abcdef',
      secret,
      js_code: loginCode,
      grant_type: 'authorization_code',
    })
    t.equal(count(tokenPath), 0, 'it needs no access token')
    t.same(lines, [])
  })

  t.test('reads JSON whatever its Content-Type, errcode 0, and no unionid', async (t) => {
    const data = { errcode: 0, errmsg: 'ok', session_key: sessionKey, openid: 'oBob' }
    const headers = { 'content-type': 'text/plain' }
    const { client } = setUp(t, { [sessionPath]: () => ({ headers, data: JSON.stringify(data) }) })
    t.strictSame(await client.codeToSession(loginCode), {
      appid: 'wx0123456789abcdef',
      openid: 'oBob',
      unionid: null,
    })
  })

  t.test('every errcode becomes its code, after one request', async (t) => {
    for (const [errcode, code] of expectedCodes.jscode2session) {
      const { client, count, lines } = setUp(t, { [sessionPath]: () => refusal(errcode) })
      const error = await failure(client.codeToSession(loginCode, { reqId: 'a-1' }))
      t.match(error, { code, name: 'AppError' }, `errcode ${errcode}`)
      t.equal(count(sessionPath), 1, 'sent once')
      t.equal(lines.length, 1, 'one line')
      const level =
        code === 'WECHAT_MISCONFIGURED' ? 'error' : code.startsWith('WECHAT_') ? 'warn' : 'info'
      const user = code.startsWith('WECHAT_USER')
      t.match(lines[0], {
        level: user ? 'info' : level,
        reqId: 'a-1',
        api: 'jscode2session',
        code,
        errcode,
        errmsg: /rid: 66c69111-4157f271-729ca238/,
        action: /\w/,
      })
    }
  })

  t.test('an answer that makes no sense is WECHAT_ERROR', async (t) => {
    for (const data of [
      JSON.stringify({ session_key: sessionKey }),
      JSON.stringify({ session_key: sessionKey, openid: '' }),
      JSON.stringify({ session_key: sessionKey, openid: 7 }),
      JSON.stringify({ errcode: '40029', openid: 'o' }),
      JSON.stringify([{ openid: 'o' }]),
      'null',
      '',
      `<html>{"session_key":"${sessionKey}"`,
    ]) {
      const { client, lines } = setUp(t, { [sessionPath]: () => ({ data }) })
      const error = await failure(client.codeToSession(loginCode))
      t.match(error, { code: 'WECHAT_ERROR', action: /WECHAT_API_BASE/ }, data)
      t.equal(leaks(error), undefined)
      t.match(lines, [{ level: 'warn', code: 'WECHAT_ERROR' }])
    }
  })

  t.test('a login code is not sent again after a success, at once or later', async (t) => {
    const { client, count } = setUp(t, { [sessionPath]: session })
    const [first, second] = await Promise.allSettled([
      client.codeToSession(loginCode),
      client.codeToSession(loginCode),
    ])
    t.match(first, { status: 'fulfilled' })
    t.match(second, { status: 'rejected', reason: { code: 'LOGIN_CODE_USED' } })
    t.match(await failure(client.codeToSession(loginCode)), { code: 'LOGIN_CODE_USED' })
    await client.codeToSession(loginCode.toLowerCase())
    t.equal(count(sessionPath), 2)
  })

  t.test('a login code is not sent again after a failure', async (t) => {
    for (const [errcode, again] of [
      [-1, 'LOGIN_CODE_USED'],
      [45011, 'LOGIN_CODE_USED'],
      [40029, 'LOGIN_CODE_INVALID'],
    ] as const) {
      const { client, count } = setUp(t, { [sessionPath]: () => refusal(errcode) })
      await failure(client.codeToSession(loginCode))
      t.match(await failure(client.codeToSession(loginCode)), { code: again })
      t.equal(count(sessionPath), 1)
    }
  })

  t.test('a server that resets the connection gets each code once', async (t) => {
    const seen: string[] = []
    const server = createServer((request) => {
      seen.push(new URL(request.url ?? '', 'http://x').searchParams.get('js_code') ?? '')
      request.socket.resetAndDestroy()
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => server.close())
    const { port } = server.address() as AddressInfo
    const { options } = settings(`http://127.0.0.1:${port}`)
    const client = createWechatClient(options)
    t.teardown(() => client.close())
    const codes = ['one', 'two', 'three'].map((n) => `${loginCode}${n}`)
    for (const code of codes) {
      t.match(await failure(client.codeToSession(code)), { code: 'WECHAT_BUSY' })
    }
    t.same(seen, codes)
  })

  t.test('a slow body is WECHAT_TIMEOUT', async (t) => {
    let requests = 0
    const server = createServer((_, response) => {
      requests += 1
      response.write('{"openid":')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    t.teardown(() => (server.closeAllConnections(), server.close()))
    const { port } = server.address() as AddressInfo
    const { options, lines } = settings(`http://127.0.0.1:${port}`, { timeoutMs: 100 })
    const client = createWechatClient(options)
    t.teardown(() => client.close())
    t.match(await failure(client.codeToSession(loginCode)), { code: 'WECHAT_TIMEOUT' })
    t.match(lines, [{ level: 'warn', code: 'WECHAT_TIMEOUT', reason: /within 100 ms/ }])
    t.equal(requests, 1)
  })
})

t.test('codeImage', async (t) => {
  t.test('gets a token and the image, and asks for what the settings say', async (t) => {
    const { client, calls, lines } = setUp(t, { [imagePath]: () => image(jpeg) })
    t.strictSame(await client.codeImage('scene-1'), { contentType: 'image/jpeg', bytes: jpeg })
    t.strictSame(calls, [
      {
        path: tokenPath,
        method: 'POST',
        query: {},
        body: {
          grant_type: 'client_credential',
          appid: 'wx0123456789abcdef',
          secret,
          force_refresh: false,
        },
      },
      {
        path: imagePath,
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

  t.test('works below a path', async (t) => {
    const handlers = { [imagePath]: () => image(jpeg), [sessionPath]: session }
    const { client, calls } = setUp(t, handlers, 'http://127.0.0.1:3000/sandbox/wechat')
    await client.codeImage('scene-1')
    await client.codeToSession(loginCode)
    t.equal(calls.length, 3)
  })

  t.test('tells an image by its bytes, whatever the header says', async (t) => {
    const types = ['image/jpeg', 'image/png', 'application/json; charset=UTF-8', 'text/plain']
    const { client } = setUp(t, { [imagePath]: (_, nth) => image(png, types[nth]) })
    for (const type of types) {
      t.match(await client.codeImage('scene-1'), { contentType: 'image/png' }, type)
    }
    const lying = setUp(t, { [imagePath]: () => ({ ...image(Buffer.from('{"errcode":41030}')) }) })
    t.match(await failure(lying.client.codeImage('scene-1')), { code: 'WECHAT_MISCONFIGURED' })
  })

  t.test('neither an image nor an error is WECHAT_ERROR', async (t) => {
    for (const data of ['', 'GIF89a', '<html>', '{}', '{"errcode":0,"errmsg":"ok"}', '[]']) {
      const { client, count, lines } = setUp(t, { [imagePath]: () => ({ data }) })
      t.match(await failure(client.codeImage('scene-1')), { code: 'WECHAT_ERROR' }, data)
      t.equal(count(imagePath), 1)
      t.match(failed(lines), [{ level: 'warn', api: 'getwxacodeunlimit' }])
    }
    const data = Buffer.concat([jpeg, Buffer.alloc(1024 * 1024)])
    const { client } = setUp(t, { [imagePath]: () => ({ data }) })
    t.match(await failure(client.codeImage('scene-1')), { code: 'WECHAT_ERROR', cause: /larger/ })
  })

  t.test('every errcode becomes its code, repeated only where that can help', async (t) => {
    for (const [errcode, code] of expectedCodes.getwxacodeunlimit) {
      const { client, count, lines } = setUp(t, { [imagePath]: () => refusal(errcode) })
      t.match(await failure(client.codeImage('scene-1')), { code }, `errcode ${errcode}`)
      t.equal(count(imagePath), errcode === -1 ? 2 : 1, `errcode ${errcode}`)
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
      const heals = setUp(t, { [imagePath]: (_, nth) => (nth === 0 ? trouble() : image(jpeg)) })
      t.match(await heals.client.codeImage('scene-1'), { contentType: 'image/jpeg' })
      t.equal(heals.count(imagePath), 2)
      const stays = setUp(t, { [imagePath]: trouble })
      t.match(await failure(stays.client.codeImage('scene-1')), { code: 'WECHAT_BUSY' })
      t.equal(stays.count(imagePath), 2)
      t.equal(failed(stays.lines).length, 1)
    }
  })

  t.test('20 at once share one token', async (t) => {
    const { client, count } = setUp(t, { [imagePath]: () => image(jpeg) })
    await Promise.all(Array.from({ length: 20 }, (_, i) => client.codeImage(`scene-${i}`)))
    t.equal(count(tokenPath), 1)
    t.equal(count(imagePath), 20)
  })
})

t.test('urlLink', async (t) => {
  const link = (url: unknown) => json({ errcode: 0, errmsg: 'ok', url_link: url })

  t.test('asks for a link to the page of the settings, with the scene', async (t) => {
    const { client, calls, lines } = setUp(t, { [linkPath]: () => link('https://wxaurl.cn/abc') })
    t.equal(await client.urlLink('scene-1'), 'https://wxaurl.cn/abc')
    t.strictSame(calls[1], {
      path: linkPath,
      method: 'POST',
      query: { access_token: 'TOKEN_A' },
      body: {
        path: 'pages/login/login',
        query: 'scene=scene-1',
        env_version: 'release',
        expire_type: 1,
        expire_interval: 1,
      },
    })
    t.same(failed(lines), [])
  })

  t.test('an answer without a link to send people to is WECHAT_ERROR', async (t) => {
    for (const answer of [json({ errcode: 0 }), link('http://wxaurl.cn/abc')]) {
      const { client, count, lines } = setUp(t, { [linkPath]: () => answer })
      t.match(await failure(client.urlLink('scene-1')), { code: 'WECHAT_ERROR' })
      t.equal(count(linkPath), 1)
      t.match(failed(lines), [{ level: 'warn', api: 'generate_urllink', reason: /url_link/ }])
    }
  })

  t.test('every errcode becomes its code, repeated only where that can help', async (t) => {
    for (const [errcode, code] of expectedCodes.generate_urllink) {
      const { client, count, lines } = setUp(t, { [linkPath]: () => refusal(errcode) })
      t.match(await failure(client.urlLink('scene-1')), { code }, `errcode ${errcode}`)
      t.equal(count(linkPath), errcode === -1 ? 2 : 1, `errcode ${errcode}`)
      const level = code === 'WECHAT_MISCONFIGURED' ? 'error' : 'warn'
      t.match(failed(lines), [{ level, api: 'generate_urllink', code, errcode, action: /\w/ }])
      t.equal(failed(lines).length, 1)
    }
  })

  t.test('a refused token is replaced, for the codes as well', async (t) => {
    const { client, count, lines } = setUp(t, {
      [tokenPath]: (_, nth) => token(`TOKEN_${nth}`),
      [linkPath]: ({ query }) =>
        query['access_token'] === 'TOKEN_0' ? refusal(42001) : link('https://wxmpurl.cn/abc'),
      [imagePath]: ({ query }) =>
        query['access_token'] === 'TOKEN_0' ? refusal(42001) : image(jpeg),
    })
    t.equal(await client.urlLink('scene-1', { reqId: 'a-1' }), 'https://wxmpurl.cn/abc')
    t.match(lines, [{ level: 'info', reqId: 'a-1', api: 'generate_urllink', errcode: 42001 }])
    await client.codeImage('scene-1')
    t.equal(count(tokenPath), 2)
    t.equal(count(imagePath), 1)
  })

  t.test('its breaker is its own', async (t) => {
    const dead = () => ({ status: 502, data: '' })
    const { client } = setUp(t, { [linkPath]: dead, [imagePath]: () => image(jpeg) })
    await Promise.all(Array.from({ length: 5 }, (_, i) => failure(client.urlLink(`scene-${i}`))))
    t.match(client.health().paused, { generate_urllink: true, getwxacodeunlimit: false })
    t.match(await client.codeImage('scene-1'), { contentType: 'image/jpeg' })
  })
})

t.test('the access token', async (t) => {
  const accepts =
    (good: string, errcode: number): Handler =>
    ({ query }) =>
      query['access_token'] === good ? image(jpeg) : refusal(errcode)

  t.test('a refused one is replaced once, for all who hold it', async (t) => {
    for (const errcode of [40001, 40014, 42001]) {
      const { client, count } = setUp(t, {
        [tokenPath]: (_, nth) => token(nth === 0 ? 'TOKEN_A' : 'TOKEN_B'),
        [imagePath]: accepts('TOKEN_B', errcode),
      })
      const images = await Promise.all(
        Array.from({ length: 10 }, (_, i) => client.codeImage(`scene-${i}`)),
      )
      t.equal(images.length, 10)
      t.equal(count(tokenPath), 2, `errcode ${errcode}`)
      t.equal(count(imagePath), 20)
      await client.codeImage('scene-11')
      t.equal(count(tokenPath), 2)
      t.equal(count(imagePath), 21)
    }
  })

  t.test('it is not asked with again when WeChat gives the same one', async (t) => {
    const { client, count, lines } = setUp(t, { [imagePath]: () => refusal(40001) })
    t.match(await failure(client.codeImage('scene-1')), {
      code: 'WECHAT_ERROR',
      action: /force_refresh/,
    })
    t.equal(count(tokenPath), 2)
    t.equal(count(imagePath), 1)
    t.match(failed(lines), [{ level: 'warn', errcode: 40001, action: /another program/ }])
  })

  t.test('when the new one is refused too, that is the end', async (t) => {
    const { client, count, lines } = setUp(t, {
      [tokenPath]: (_, nth) => token(`TOKEN_${nth}`),
      [imagePath]: () => refusal(42001),
    })
    const error = await failure(client.codeImage('scene-1', { reqId: 'a-1' }))
    t.match(error, { code: 'WECHAT_ERROR' })
    t.match(lines, [
      { level: 'info', reqId: 'a-1' },
      { level: 'warn', reqId: 'a-1' },
    ])
    t.equal(count(tokenPath), 2)
    t.equal(count(imagePath), 2)
  })

  t.test('every errcode of stable_token becomes its code', async (t) => {
    for (const [errcode, code] of expectedCodes.stable_token) {
      const { client, count, lines } = setUp(t, { [tokenPath]: () => refusal(errcode) })
      t.match(await failure(client.codeImage('scene-1')), { code }, `errcode ${errcode}`)
      t.equal(count(tokenPath), errcode === -1 ? 2 : 1)
      t.equal(count(imagePath), 0)
      const level = code === 'WECHAT_MISCONFIGURED' ? 'error' : 'warn'
      t.match(failed(lines), [{ level, api: 'stable_token', code, errcode }])
    }
  })

  t.test('a wrong secret does not hammer WeChat, and is logged once', async (t) => {
    const { client, count, lines } = setUp(t, { [tokenPath]: () => refusal(40125) })
    const all = Array.from({ length: 20 }, (_, i) => failure(client.codeImage(`scene-${i}`)))
    for (const error of await Promise.all(all)) t.match(error, { code: 'WECHAT_MISCONFIGURED' })
    t.match(await failure(client.codeImage('scene-1')), { code: 'WECHAT_MISCONFIGURED' })
    t.equal(count(tokenPath), 1)
    t.equal(lines.length, 1)
  })

  t.test('an answer without a token or a life is WECHAT_ERROR', async (t) => {
    for (const data of [
      {},
      { access_token: '', expires_in: 7200 },
      { access_token: 'TOKEN_A' },
      { access_token: 'TOKEN_A', expires_in: '7200' },
      { access_token: 'TOKEN_A', expires_in: 0 },
      { access_token: 'TOKEN_A', expires_in: -1 },
    ]) {
      const { client } = setUp(t, { [tokenPath]: () => json(data) })
      const error = await failure(client.codeImage('scene-1'))
      t.match(error, { code: 'WECHAT_ERROR' }, JSON.stringify(data))
    }
  })

  t.test('start warms it and never throws', async (t) => {
    const { client, count } = setUp(t, { [imagePath]: () => image(jpeg) })
    client.start()
    await client.codeImage('scene-1')
    t.equal(count(tokenPath), 1)
    const dead = setUp(t, { [tokenPath]: () => refusal(40013) })
    dead.client.start()
    t.match(await failure(dead.client.codeImage('scene-1')), { code: 'WECHAT_MISCONFIGURED' })
  })
})

t.test('the breakers', async (t) => {
  t.test('a dead API is not asked any more; the others are', async (t) => {
    const { client, count, lines } = setUp(t, {
      [sessionPath]: () => ({ status: 502, data: '' }),
      [imagePath]: () => image(jpeg),
    })
    for (let i = 0; i < 5; i += 1) {
      t.match(await failure(client.codeToSession(`${loginCode}${i}`)), { code: 'WECHAT_BUSY' })
    }
    const startedAt = performance.now()
    for (let i = 0; i < 20; i += 1) {
      const error = await failure(client.codeToSession(loginCode))
      t.match(error, { code: 'WECHAT_BUSY', retryAfter: Number, cause: { name: 'WechatPaused' } })
    }
    t.ok(performance.now() - startedAt < 500)
    t.equal(count(sessionPath), 5)
    t.equal(lines.length, 6, 'five failures and the breaker; nothing for the calls not made')
    t.equal(client.health().token, null)
    t.match(await client.codeImage('scene-1'), { contentType: 'image/jpeg' })
    t.match(client.health(), {
      token: { age: Number, expiresIn: Number },
      paused: { stable_token: false, getwxacodeunlimit: false, jscode2session: true },
    })
  })

  t.test('the retry does not go past an open one, and the reason is still told', async (t) => {
    const { client, count, lines } = setUp(t, { [imagePath]: () => ({ status: 502, data: '' }) })
    const errors = await Promise.all(
      Array.from({ length: 5 }, (_, i) => failure(client.codeImage(`scene-${i}`))),
    )
    t.equal(count(imagePath), 5)
    for (const error of errors) t.match(error, { code: 'WECHAT_BUSY', cause: /HTTP 502/ })
    t.equal(lines.filter(({ reason }) => reason === 'HTTP 502').length, 5)
  })

  t.test('refusals never open one', async (t) => {
    const { client, count } = setUp(t, { [sessionPath]: () => refusal(40029) })
    for (let i = 0; i < 30; i += 1) await failure(client.codeToSession(`${loginCode}${i}`))
    t.equal(count(sessionPath), 30)
  })
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
    const session = setUp(t, { [sessionPath]: handler })
    const image = setUp(t, { [imagePath]: handler })
    const token = setUp(t, { [tokenPath]: handler })
    for (const error of [
      await failure(session.client.codeToSession(loginCode)),
      await failure(image.client.codeImage('scene-1')),
      await failure(token.client.codeImage('scene-1')),
    ]) {
      const text = inspect(error, { depth: 9, showHidden: true })
      t.match(text, /\[redacted\]/)
      for (const word of [secret, loginCode, 'TOKEN_A', encodeURIComponent(secret)]) {
        t.notOk(text.includes(word), word)
      }
    }
  }
})

t.test('after close nothing is sent and nothing runs on', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const { client, calls } = setUp(t, { [imagePath]: () => image(jpeg), [sessionPath]: session })
  await client.codeImage('scene-1')
  t.equal(timers(), before, 'even before it keeps no process alive')
  const sent = calls.length
  await client.close()
  t.match(await failure(client.codeToSession(loginCode)), { code: 'SHUTTING_DOWN' })
  t.match(await failure(client.codeImage('scene-1')), { code: 'SHUTTING_DOWN' })
  t.equal(calls.length, sent)
})

t.test('no line of all these logs holds a secret', async (t) => {
  t.ok(logs.flat().length > 100)
  for (const line of logs.flat()) t.equal(leaks(line), undefined, JSON.stringify(line))
})
