import { decodeJwt } from 'jose'
import t from 'tap'
import { AppError, catalogue, type ErrorCode } from '../../../src/errors.ts'
import { newScene } from '../../../src/tickets/secret.ts'
import { startApp } from '../../fixtures/app.ts'
import { call, clientOf } from '../../fixtures/network/client.ts'
import { postgresUrl } from '../../fixtures/postgres/database.ts'
import { refused } from '../../fixtures/refused.ts'
import { arrange, type Situation } from '../../fixtures/tickets/arrange.ts'
import { eachSituation } from '../../fixtures/tickets/each-situation.ts'
import { leave } from '../../fixtures/tickets/time.ts'

const databaseUrl = await postgresUrl(t)
const { url, db } = await startApp(t, { databaseUrl })
const { create, poll, scan, deny, login, loginCode } = clientOf(url)

/** The three calls a phone makes about a ticket, as functions of their login code. */
const askers = (ticket: { scene: string }) => [
  (code: unknown) => call(`${url}/ticket/${ticket.scene}/scan`, { json: { code } }),
  (code: unknown) => call(`${url}/ticket/${ticket.scene}/deny`, { json: { code } }),
  (code: unknown) => call(`${url}/login`, { json: { code, scene: ticket.scene } }),
]

t.test('a scan tells who is asking, from where, and again the same', async (t) => {
  const agent =
    'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'
  const { body: ticket } = await call(`${url}/ticket`, {
    method: 'POST',
    headers: { 'user-agent': agent },
  })
  const first = await scan(ticket, 'alice')
  t.equal(first.status, 200)
  t.equal(first.headers.get('cache-control'), 'no-store')
  const { expires_in, requested_by, ...rest } = first.body
  t.strictSame(rest, {
    scene: ticket.scene,
    status: 'scanned',
    site: 'Example',
    match: { mode: 'show', code: ticket.match_code },
    notices: [{ kind: 'new_browser' }],
  })
  t.ok(expires_in > 110 && expires_in <= 120, 'the confirm window begins')
  const { at, ...seen } = requested_by
  t.strictSame(seen, { ip: '127.0.0.1', country: null, browser: 'Chrome 142', os: 'Windows' })
  t.match(at, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/)
  t.ok(Math.abs(Date.parse(at) - Date.now()) < 60_000)

  await leave(db, ticket, expires_in - 20)
  const again = await scan(ticket, 'alice')
  t.strictSame({ ...again.body, expires_in: 0 }, { ...first.body, expires_in: 0 })
  t.ok(again.body.expires_in <= expires_in - 19, 'a repeated scan moves no window')
})

t.test('a login registers the person once, and says so', async (t) => {
  const ticket = await create()
  const first = await login(ticket, 'newcomer')
  t.equal(first.status, 200)
  t.equal(first.headers.get('cache-control'), 'no-store')
  const { token, user, ...rest } = first.body
  t.strictSame(rest, {
    scene: ticket.scene,
    status: 'confirmed',
    token_type: 'Bearer',
    token_expires_in: 7200,
  })
  t.strictSame(user, { id: user.id, created: true })
  t.match(decodeJwt(token), { sub: user.id, aud: 'miniprogram', amr: ['wechat'] })
  const web = (await poll(ticket)).body.token
  t.match(decodeJwt(web), { sub: user.id, aud: 'web' })
  t.not(decodeJwt(web).jti, decodeJwt(token).jti)

  const again = await login(ticket, 'newcomer')
  t.match(again, { status: 200, body: { status: 'confirmed', user: { id: user.id } } })
  t.equal(again.body.user.created, false)
  t.equal((await poll(ticket)).body.token, web, "the browser's token stands")
})

t.test('without a scene the mini program signs itself in', async (t) => {
  const { status, body } = await login(null, 'newcomer')
  t.equal(status, 200)
  t.strictSame(Object.keys(body).toSorted(), ['token', 'token_expires_in', 'token_type', 'user'])
  t.equal(body.user.created, false)
  t.match(decodeJwt(body.token), { aud: 'miniprogram', sub: body.user.id })
})

t.test('deny is final', async (t) => {
  for (const situation of ['pending', 'scanned'] as const) {
    const ticket = await arrange(db, situation)
    const answer = await deny(ticket, 'alice')
    t.match(answer, { status: 200 })
    t.strictSame(answer.body, { scene: ticket.scene, status: 'denied' })
    t.equal(answer.headers.get('cache-control'), 'no-store')
    t.match(await poll(ticket), { body: { status: 'denied', interval: 0 } })
    refused(t, await login(ticket, 'alice'), 410, 'TICKET_DENIED')
    refused(t, await scan(ticket, 'alice'), 410, 'TICKET_DENIED')
  }
})

t.test('the first openid to scan owns the ticket: another may ask nothing of it', async (t) => {
  for (const situation of ['scanned', 'confirmed'] as const) {
    const ticket = await arrange(db, situation)
    for (const ask of askers(ticket)) {
      refused(t, await ask(await loginCode('bob')), 409, 'SCANNED_BY_ANOTHER')
    }
    t.match(await poll(ticket), { body: { status: situation } }, 'undisturbed')
  }
})

t.test('what is confirmed can neither be scanned nor denied by its owner', async (t) => {
  const ticket = await arrange(db, 'confirmed')
  refused(t, await scan(ticket, 'alice'), 409, 'ALREADY_CONFIRMED')
  refused(t, await deny(ticket, 'alice'), 409, 'ALREADY_CONFIRMED')
  t.match(await poll(ticket), { body: { status: 'confirmed' } })
})

t.test("a dead ticket's answer costs no login code", async (t) => {
  const codes = await Promise.all(['alice', 'bob', 'carol'].map(loginCode))
  const spent = async () => (await call(`${url}/sandbox/calls`)).body.code2session as number
  const before = await spent()
  const dead: Partial<Record<Situation, ErrorCode>> = {
    denied: 'TICKET_DENIED',
    canceled: 'TICKET_CANCELED',
    'expired unscanned': 'TICKET_EXPIRED',
    'expired undecided': 'TICKET_EXPIRED',
    'expired uncollected': 'TICKET_EXPIRED',
  }
  await eachSituation(t, db, dead, async (t, ticket, error) => {
    for (const ask of askers(ticket)) {
      for (const code of codes) refused(t, await ask(code), 410, error)
    }
  })
  for (const scene of ['A1'.repeat(11), newScene()]) {
    for (const ask of askers({ scene })) {
      for (const code of codes) refused(t, await ask(code), 404, 'TICKET_NOT_FOUND')
    }
  }
  const consumed = await arrange(db, 'consumed')
  for (const answer of [await scan(consumed, 'alice'), await deny(consumed, 'alice')]) {
    refused(t, answer, 410, 'TICKET_CONSUMED')
  }
  t.equal(await spent(), before)
  // Only WeChat knows who asks, and who confirmed may repeat it.
  t.equal((await login(consumed, 'alice')).status, 200)
  t.equal(await spent(), before + 1)
  for (const code of codes) {
    t.equal((await call(`${url}/login`, { json: { code } })).status, 200, 'it is still good')
  }
})

t.test('a login code is WeChat’s to judge, and works once', async (t) => {
  const ticket = await create()
  for (const ask of askers(ticket)) {
    refused(t, await ask('no-such-code'), 400, 'LOGIN_CODE_INVALID')
    refused(t, await ask(await loginCode('mallory')), 403, 'WECHAT_USER_BLOCKED')
  }
  const code = await loginCode('alice')
  const [first, ...later] = askers(ticket)
  t.match(await first?.(code), { status: 200 })
  for (const ask of later) refused(t, await ask(code), 400, 'LOGIN_CODE_USED')
  t.match(await poll(ticket), { body: { status: 'scanned' } })
})

t.test('each failure of WeChat has its status, and leaves the ticket as it was', async (t) => {
  let failure = new AppError('WECHAT_ERROR')
  const wechat = { codeToSession: () => Promise.reject(failure) }
  const broken = await startApp(t, { databaseUrl, wechat: wechat as never })
  const ticket = await create()
  for (const code of [
    'WECHAT_USER_RATE_LIMITED',
    'WECHAT_ERROR',
    'WECHAT_MISCONFIGURED',
    'WECHAT_BUSY',
    'WECHAT_TIMEOUT',
  ] as const) {
    failure = new AppError(code, { cause: new Error('errcode 40125 hunter2') })
    const { status } = catalogue[code]
    for (const [path, json] of [
      [`/ticket/${ticket.scene}/scan`, { code: 'x' }],
      [`/ticket/${ticket.scene}/deny`, { code: 'x' }],
      ['/login', { code: 'x', scene: ticket.scene }],
      ['/login', { code: 'x' }],
    ] as const) {
      const answer = await call(broken.url + path, { json })
      refused(t, answer, status, code)
      t.equal(answer.headers.has('retry-after'), status === 429 || status === 503)
      t.equal(typeof answer.body.request_id === 'string', status >= 500)
      t.notMatch(JSON.stringify(answer.body), /40125|hunter2/)
    }
  }
  t.match(await poll(ticket), { body: { status: 'pending' } })
})

t.test('a field that is missing or not of its shape is named', async (t) => {
  const { scene } = await create()
  for (const [path, json, field] of [
    [`/ticket/${scene}/scan`, {}, 'code'],
    [`/ticket/${scene}/deny`, { code: 7 }, 'code'],
    ['/login', { scene }, 'code'],
    ['/login', { code: 'x', scene: 'short' }, 'scene'],
    ['/login', { code: 'x', scene, match_code: 47 }, 'match_code'],
    ['/login', { code: 'a\nb' }, 'code'],
  ] as const) {
    const answer = await call(url + path, { json })
    refused(t, answer, 400, 'INVALID_REQUEST')
    t.match(answer.body.message, new RegExp(`\\b${field}\\b`))
  }
})

t.test('no answer to a phone says more than it must', async (t) => {
  const ticket = await create()
  const answers = [await scan(ticket, 'alice'), await login(ticket, 'alice')]
  for (const { body } of answers) {
    t.notMatch(JSON.stringify(body), /session_key|"openid"|"unionid"|secret/)
    t.notMatch(JSON.stringify(body), ticket.secret)
  }
})
