import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { expectedCodes } from '../../fixtures/network/expected-codes.ts'
import {
  failure,
  leaks,
  LOGIN_CODE,
  miniProgramAt,
  mockedMiniProgram,
  SECRET,
  SESSION_KEY,
  testLogs,
} from '../../fixtures/network/mini-program.ts'
import { json, refusal, SESSION_PATH, TOKEN_PATH } from '../../fixtures/network/mocked-wechat.ts'

const session = () => json({ session_key: SESSION_KEY, openid: 'oAlice', unionid: 'uAlice' })

t.test('the session is asked for, and its key is let go', async (t) => {
  const { wechat, calls, count, lines } = mockedMiniProgram(t, { [SESSION_PATH]: session })
  const alice = await wechat.codeToSession(LOGIN_CODE)
  t.strictSame(alice, { appid: 'wx0123456789abcdef', openid: 'oAlice', unionid: 'uAlice' })
  t.same(calls[0]?.query, {
    appid: 'wx0123456789abcdef',
    secret: SECRET,
    js_code: LOGIN_CODE,
    grant_type: 'authorization_code',
  })
  t.equal(count(TOKEN_PATH), 0, 'it needs no access token')
  t.same(lines, [])
})

t.test('JSON is read under any Content-Type, with errcode 0, and without a unionid', async (t) => {
  const data = { errcode: 0, errmsg: 'ok', session_key: SESSION_KEY, openid: 'oBob' }
  const headers = { 'content-type': 'text/plain' }
  const { wechat } = mockedMiniProgram(t, {
    [SESSION_PATH]: () => ({ headers, data: JSON.stringify(data) }),
  })
  t.strictSame(await wechat.codeToSession(LOGIN_CODE), {
    appid: 'wx0123456789abcdef',
    openid: 'oBob',
    unionid: null,
  })
})

t.test('every errcode becomes its code, after one request', async (t) => {
  for (const [errcode, code] of expectedCodes.jscode2session) {
    const { wechat, count, lines } = mockedMiniProgram(t, {
      [SESSION_PATH]: () => refusal(errcode),
    })
    const error = await failure(wechat.codeToSession(LOGIN_CODE, { reqId: 'a-1' }))
    t.match(error, { code, name: 'AppError' }, `errcode ${errcode}`)
    t.equal(count(SESSION_PATH), 1, 'sent once')
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
    JSON.stringify({ session_key: SESSION_KEY }),
    JSON.stringify({ session_key: SESSION_KEY, openid: '' }),
    JSON.stringify({ session_key: SESSION_KEY, openid: 7 }),
    JSON.stringify({ errcode: '40029', openid: 'o' }),
    JSON.stringify([{ openid: 'o' }]),
    'null',
    '',
    `<html>{"session_key":"${SESSION_KEY}"`,
  ]) {
    const { wechat, lines } = mockedMiniProgram(t, { [SESSION_PATH]: () => ({ data }) })
    const error = await failure(wechat.codeToSession(LOGIN_CODE))
    t.match(error, { code: 'WECHAT_ERROR', action: /WECHAT_API_BASE/ }, data)
    t.equal(leaks(error), undefined)
    t.match(lines, [{ level: 'warn', code: 'WECHAT_ERROR' }])
  }
})

t.test('a login code is not sent again after a success, at once or later', async (t) => {
  const { wechat, count } = mockedMiniProgram(t, { [SESSION_PATH]: session })
  const [first, second] = await Promise.allSettled([
    wechat.codeToSession(LOGIN_CODE),
    wechat.codeToSession(LOGIN_CODE),
  ])
  t.match(first, { status: 'fulfilled' })
  t.match(second, { status: 'rejected', reason: { code: 'LOGIN_CODE_USED' } })
  t.match(await failure(wechat.codeToSession(LOGIN_CODE)), { code: 'LOGIN_CODE_USED' })
  await wechat.codeToSession(LOGIN_CODE.toLowerCase())
  t.equal(count(SESSION_PATH), 2)
})

t.test('a login code is not sent again after a failure', async (t) => {
  for (const [errcode, again] of [
    [-1, 'LOGIN_CODE_USED'],
    [45011, 'LOGIN_CODE_USED'],
    [40029, 'LOGIN_CODE_INVALID'],
  ] as const) {
    const { wechat, count } = mockedMiniProgram(t, { [SESSION_PATH]: () => refusal(errcode) })
    await failure(wechat.codeToSession(LOGIN_CODE))
    t.match(await failure(wechat.codeToSession(LOGIN_CODE)), { code: again })
    t.equal(count(SESSION_PATH), 1)
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
  const { wechat } = miniProgramAt(t, `http://127.0.0.1:${port}`)
  const codes = ['one', 'two', 'three'].map((n) => `${LOGIN_CODE}${n}`)
  for (const code of codes) {
    t.match(await failure(wechat.codeToSession(code)), { code: 'WECHAT_BUSY' })
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
  const { wechat, lines } = miniProgramAt(t, `http://127.0.0.1:${port}`, { timeoutMs: 100 })
  t.match(await failure(wechat.codeToSession(LOGIN_CODE)), { code: 'WECHAT_TIMEOUT' })
  t.match(lines, [{ level: 'warn', code: 'WECHAT_TIMEOUT', reason: /within 100 ms/ }])
  t.equal(requests, 1)
})

t.test('an openid or a unionid that no table takes is WECHAT_ERROR', async (t) => {
  const answer = (ids: object) => ({
    data: JSON.stringify({ session_key: SESSION_KEY, openid: 'oAlice', ...ids }),
  })
  for (const id of ['x'.repeat(129), '\u{1F600}'.repeat(129), 'o\u0000', 'o\nlice', 'o\u0085']) {
    for (const ids of [{ openid: id }, { unionid: id }]) {
      const { wechat, lines } = mockedMiniProgram(t, { [SESSION_PATH]: () => answer(ids) })
      const error = await failure(wechat.codeToSession(LOGIN_CODE))
      t.match(error, { code: 'WECHAT_ERROR', action: /WECHAT_API_BASE/ }, JSON.stringify(ids))
      t.match(lines, [{ level: 'warn', code: 'WECHAT_ERROR', reason: /(open|union)id/ }])
      t.notOk(JSON.stringify(lines).includes(id), 'it is in no log')
    }
  }
  for (const id of ['x', 'x'.repeat(128), '\u{1F600}'.repeat(128), 'o Ä-_=']) {
    const ids = { openid: id, unionid: id }
    const { wechat } = mockedMiniProgram(t, { [SESSION_PATH]: () => answer(ids) })
    t.match(await wechat.codeToSession(LOGIN_CODE), ids)
  }
})

testLogs(t, 50)
