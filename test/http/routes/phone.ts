import { decodeJwt } from 'jose'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { AppError, catalogue, type ErrorCode } from '../../../src/errors.ts'
import { startApp } from '../../fixtures/app.ts'
import { call, clientOf, type Answer } from '../../fixtures/network/client.ts'
import { postgresUrl } from '../../fixtures/postgres/database.ts'
import { expire, ticketIn } from '../../fixtures/tickets/states.ts'

const databaseUrl = await postgresUrl(t)
const { url, db } = await startApp(t, { databaseUrl })
const client = clientOf(url)
const { create, poll, scan, deny, login, loginCode } = client

const refused = (t: Test, answer: Answer, statusCode: number, code: ErrorCode) => {
  t.match(answer, { status: statusCode, body: { statusCode, code } })
  t.equal(answer.headers.get('cache-control'), 'no-store')
}

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

  await sql`
    update tickets set expires_at = expires_at - interval '20 seconds' where scene = ${ticket.scene}
  `.execute(db)
  const again = await scan(ticket, 'alice')
  t.strictSame({ ...again.body, expires_in: 0 }, { ...first.body, expires_in: 0 })
  t.ok(again.body.expires_in <= expires_in - 19, 'a repeated scan moves no window')
})

t.test('what the match looks like is a setting', async (t) => {
  const off = await startApp(t, { databaseUrl, matchMode: 'off' })
  const plain = await clientOf(off.url).create()
  t.equal(plain.match_code, null)
  t.strictSame((await clientOf(off.url).scan(plain, 'alice')).body.match, { mode: 'off' })

  const choose = await startApp(t, { databaseUrl, matchMode: 'choose' })
  const ticket = await clientOf(choose.url).create()
  const { match } = (await clientOf(choose.url).scan(ticket, 'alice')).body
  t.strictSame(Object.keys(match).toSorted(), ['choices', 'mode'])
  t.equal(match.mode, 'choose')
  t.equal(new Set(match.choices).size, 3)
  for (const choice of match.choices) t.match(choice, /^[1-9]\d$/)
  t.ok(match.choices.includes(ticket.match_code))
  t.strictSame((await clientOf(choose.url).scan(ticket, 'alice')).body.match, match)
})

t.test('in mode choose a wrong pick ends the ticket, no pick costs nothing', async (t) => {
  const { url } = await startApp(t, { databaseUrl, matchMode: 'choose' })
  const client = clientOf(url)
  const calls = async () => (await call(`${url}/sandbox/calls`)).body.code2session as number

  const ticket = await client.create()
  await client.scan(ticket, 'alice')
  const code = await client.loginCode('alice')
  const before = await calls()
  const none = await call(`${url}/login`, { json: { code, scene: ticket.scene } })
  refused(t, none, 400, 'INVALID_REQUEST')
  t.match(none.body.message, 'match_code')
  t.equal(await calls(), before, 'the login code is not spent')
  const right = { code, scene: ticket.scene, match_code: ticket.match_code }
  t.match(await call(`${url}/login`, { json: right }), { status: 200 })
  t.match(await client.poll(ticket), { body: { status: 'confirmed' } })

  const other = await client.create()
  const { choices } = (await client.scan(other, 'alice')).body.match
  const wrong = choices.find((choice: string) => choice !== other.match_code)
  refused(t, await client.login(other, 'alice', { match_code: wrong }), 403, 'MATCH_CODE_WRONG')
  t.match(await client.poll(other), { body: { status: 'denied', interval: 0 } })
  const late = await client.login(other, 'alice', { match_code: other.match_code })
  refused(t, late, 410, 'TICKET_DENIED')
})

t.test('in mode choose a wrong number changes nothing that is decided', async (t) => {
  const { url } = await startApp(t, { databaseUrl, matchMode: 'choose' })
  const { create, scan, login, poll } = clientOf(url)
  const wrongOf = ({ match_code }: { match_code: string }) => ({
    match_code: match_code === '10' ? '11' : '10',
  })
  const confirmed = await create()
  t.match(await login(confirmed, 'alice', { match_code: confirmed.match_code }), { status: 200 })
  t.match(await login(confirmed, 'alice', wrongOf(confirmed)), { status: 200 })
  t.match(await poll(confirmed), { body: { status: 'confirmed', token: /^eyJ/ } })

  const expired = await create()
  await scan(expired, 'alice')
  await expire(db, expired)
  refused(t, await login(expired, 'alice', wrongOf(expired)), 410, 'TICKET_EXPIRED')
  t.match(await poll(expired), { body: { status: 'expired' } })

  for (let i = 0; i < 6; i++) {
    const ticket = await create()
    await scan(ticket, 'alice')
    const { match_code } = ticket
    const [right, wrong] = await Promise.all([
      login(ticket, 'alice', { match_code }),
      login(ticket, 'alice', wrongOf(ticket)),
    ])
    const { status } = (await poll(ticket)).body
    t.equal(right.status === 200, status === 'confirmed', 'of two at once one decides')
    t.equal(right.status === 200, wrong.body.code !== 'MATCH_CODE_WRONG')
  }
})

t.test('in the other modes a number is nothing', async (t) => {
  const off = clientOf((await startApp(t, { databaseUrl, matchMode: 'off' })).url)
  for (const { create, login, poll } of [client, off]) {
    const ticket = await create()
    const match_code = ticket.match_code === '10' ? '11' : '10'
    t.match(await login(ticket, 'alice', { match_code }), { status: 200 })
    t.match(await poll(ticket), { body: { status: 'confirmed' } })
  }
  t.match(await login(null, 'alice', { match_code: '47' }), { status: 200 })
})

t.test('the phone hears what is unusual about the ticket', async (t) => {
  const { url } = await startApp(t, {
    databaseUrl,
    rates: { create: 2, phone: 1_000 },
    trustProxy: ['127.0.0.1'],
    locationHeader: 'CF-IPCountry',
  })
  const travel = clientOf(url)
  const from = (ip: string, country: string) => ({
    'x-forwarded-for': ip,
    'cf-ipcountry': country,
    'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0',
  })
  const open = async (ip: string, country: string) =>
    (await call(`${url}/ticket`, { json: {}, headers: from(ip, country) })).body
  const seen = async (ticket: { scene: string }, ip: string, country: string) =>
    (
      await call(`${url}/ticket/${ticket.scene}/scan`, {
        json: { code: await travel.loginCode('traveller') },
        headers: from(ip, country),
      })
    ).body
  const otherAddress = { kind: 'other_address' }
  const newBrowser = { kind: 'new_browser' }
  const otherCountry = { kind: 'other_country', browser: 'US', phone: 'CN' }

  const abroad = await open('192.0.2.1', 'US')
  const first = await seen(abroad, '198.51.100.7', 'CN')
  t.match(first.requested_by, { ip: '192.0.2.1', country: 'US' })
  t.strictSame(first.notices, [otherCountry, newBrowser])
  t.strictSame((await seen(abroad, '198.51.100.7', 'CN')).notices, first.notices, 'and again')
  t.equal((await travel.login(abroad, 'traveller')).status, 200)

  const at = '2001:db8:7:7'
  const neighbour = await open(`${at}::1`, 'XX')
  const next = await seen(neighbour, `${at}:aaaa::2`, 'CN')
  t.equal(next.requested_by.country, null)
  t.strictSame(next.notices, [], 'one IPv6 customer, and a browser she knows')
  t.strictSame((await seen(await open(`${at}::1`, 'CN'), `2001:db8:7:8::1`, 'CN')).notices, [
    otherAddress,
  ])

  await sql`
    insert into tickets (
      scene, secret_hash, match_code, expires_at, requested_network
    )
    select md5(n::text), decode(repeat('00', 32), 'hex'), '47', now(), '203.0.113.66'
    from generate_series(1, 5) as n
  `.execute(db)
  const busy = await open('203.0.113.66', 'CN')
  t.equal((await open('203.0.113.66', 'CN')).status, 'pending')
  t.strictSame(
    (await seen(busy, '203.0.113.66', 'CN')).notices,
    [{ kind: 'many_tickets', count: 6 }],
    'more than twice the limit of a minute',
  )

  const silent = await startApp(t, { databaseUrl, auditDays: 0 })
  const { body: ticket } = await call(`${silent.url}/ticket`, {
    json: {},
    headers: { 'user-agent': 'curl/8.5.0' },
  })
  t.strictSame((await clientOf(silent.url).scan(ticket, 'traveller')).body.notices, [])
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
  for (const state of ['pending', 'scanned'] as const) {
    const ticket = await ticketIn(state, client, db)
    const answer = await deny(ticket, 'alice')
    t.match(answer, { status: 200 })
    t.strictSame(answer.body, { scene: ticket.scene, status: 'denied' })
    t.equal(answer.headers.get('cache-control'), 'no-store')
    t.match(await poll(ticket), { body: { status: 'denied', interval: 0 } })
    refused(t, await login(ticket, 'alice'), 410, 'TICKET_DENIED')
    refused(t, await scan(ticket, 'alice'), 410, 'TICKET_DENIED')
  }
})

t.test('the first openid to scan owns the ticket, whatever another one asks', async (t) => {
  for (const state of ['scanned', 'confirmed'] as const) {
    const ticket = await ticketIn(state, client, db)
    for (const ask of askers(ticket)) {
      refused(t, await ask(await loginCode('bob')), 409, 'SCANNED_BY_ANOTHER')
    }
    t.match(await poll(ticket), { body: { status: state } }, 'undisturbed')
  }
})

t.test('what is confirmed can neither be scanned nor denied by its owner', async (t) => {
  const ticket = await ticketIn('confirmed', client, db)
  refused(t, await scan(ticket, 'alice'), 409, 'ALREADY_CONFIRMED')
  refused(t, await deny(ticket, 'alice'), 409, 'ALREADY_CONFIRMED')
  t.match(await poll(ticket), { body: { status: 'confirmed' } })
})

t.test("a dead ticket's answer costs no login code", async (t) => {
  const code = await loginCode('carol')
  const spent = async () => (await call(`${url}/sandbox/calls`)).body.code2session as number
  const dead = []
  for (const [state, error] of [
    ['denied', 'TICKET_DENIED'],
    ['canceled', 'TICKET_CANCELED'],
    ['expired', 'TICKET_EXPIRED'],
  ] as const) {
    dead.push({ ticket: await ticketIn(state, client, db), error })
  }
  const before = await spent()
  for (const { ticket, error } of dead) {
    for (const ask of askers(ticket)) refused(t, await ask(code), 410, error)
  }
  for (const ask of askers({ scene: 'A1'.repeat(11) })) {
    refused(t, await ask(code), 404, 'TICKET_NOT_FOUND')
  }
  t.equal(await spent(), before)
  t.equal((await call(`${url}/login`, { json: { code } })).status, 200, 'it is still good')
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

t.test('whatever WeChat answers has its status, and leaves the ticket as it was', async (t) => {
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
    ['/login', { code: '../x' }, 'code'],
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
