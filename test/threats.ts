import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  jwtVerify,
  SignJWT,
  type JSONWebKeySet,
} from 'jose'
import { sql } from 'kysely'
import { createRequire } from 'node:module'
import t, { type Test } from 'tap'
import { readConfig } from '../src/config/config.ts'
import type { Db } from '../src/db/pool.ts'
import { sweepTickets } from '../src/tickets/sweep.ts'
import { createFixedKeyring } from '../src/tokens/keyring.ts'
import { createLoginTokens } from '../src/tokens/login-token.ts'
import { generateSigningJwk } from '../src/tokens/signing-key.ts'
import { rotateKeys } from '../src/tokens/stored-keys.ts'
import { SANDBOX_SECRET } from '../src/config/sandbox.ts'
import { ISSUER, startApp } from './fixtures/app.ts'
import { call, clientOf, type Answer, type Json } from './fixtures/network/client.ts'
import { postgresUrl } from './fixtures/postgres/database.ts'
import { fakeUpstream } from './fixtures/network/fake-upstream.ts'
import { root } from './fixtures/root.ts'
import { skewedClock } from './fixtures/network/skewed-clock.ts'
import { wechatAt } from './fixtures/network/wechat-at.ts'
import { createWiretap, leaked } from './fixtures/network/wiretap.ts'

const windows = { ticket: 120, confirm: 120, pickup: 60 }

async function start(t: Test, overrides: Parameters<typeof startApp>[1] = {}) {
  const app = await startApp(t, overrides)
  return { ...app, ...clientOf(app.url) }
}

const codeOf = ({ body }: Answer<Json>): string => body.code

/** Every row of every table, as text. */
async function dump(db: Db): Promise<string> {
  const { rows } = await sql<{ name: string }>`
    select table_name as name from information_schema.tables where table_schema = 'public'
  `.execute(db)
  const tables = rows.map(async ({ name }) => {
    const all = await sql<{ text: string }>`
      select to_jsonb(t)::text as text from ${sql.table(name)} as t
    `.execute(db)
    return `${name}\n${all.rows.map((row) => row.text).join('\n')}`
  })
  return (await Promise.all(tables)).join('\n')
}

const expire = (db: Db, { scene }: { scene: string }) =>
  sql`update tickets set expires_at = now() where scene = ${scene}`.execute(db)

const endGrace = (db: Db, { scene }: { scene: string }) =>
  sql`
    update tickets set consumed_at = now() - interval '31 s' where scene = ${scene}
  `.execute(db)

t.test('threat 1: who sees the code cannot poll for the token', async (t) => {
  const wiretap = createWiretap()
  const { url, db, create, poll, login } = await start(t, { around: [wiretap.listen] })
  const ticket = await create()
  const other = await create()
  t.match(ticket.secret, /^[A-Za-z0-9_-]{43,}$/, '258 bits')

  const path = `${url}/ticket/${ticket.scene}`
  const image = await fetch(`${path}/qrcode`)
  const shown = `${image.url} ${JSON.stringify([...image.headers])} ${wiretap.sent.join()}`
  t.ok(wiretap.sent.some((sent) => sent.includes(ticket.scene)))
  t.equal(leaked(shown + (await dump(db)), [ticket.secret]), undefined)

  const refused = async (): Promise<void> => {
    const attempts = [
      await call(path),
      await call(`${path}?secret=${ticket.secret}`),
      await call(path, { method: 'DELETE' }),
      await call(path, {
        method: 'DELETE',
        headers: { authorization: `Bearer ${other.secret}` },
      }),
      await call(path, { headers: { authorization: `Basic ${ticket.secret}` } }),
      ...(await Promise.all(
        ['', ticket.scene, other.secret, ticket.secret.toUpperCase(), `${ticket.secret}A`].map(
          (secret) => poll({ scene: ticket.scene, secret }),
        ),
      )),
    ]
    for (const { status, headers, body } of attempts) {
      t.match({ status, body }, { status: 401, body: { code: 'BAD_SECRET' } })
      t.equal(headers.get('www-authenticate'), 'Bearer')
    }
  }
  await refused()
  await login(ticket, 'alice')
  await refused()
  t.match((await poll(ticket)).body, { token: /^eyJ/ }, 'and the holder lost nothing to them')
})

t.test('threat 2: a scene can be neither guessed nor usefully chosen', async (t) => {
  const { url, create, poll } = await start(t)
  const scenes = (await Promise.all(Array.from({ length: 50 }, () => create()))).map((c) => c.scene)
  t.equal(new Set(scenes).size, 50)
  t.ok(scenes.every((scene) => scene.length * 6 >= 128))

  const own = await create({ scene: 'chosen_by_an_attacker_1' })
  t.equal(own.scene, 'chosen_by_an_attacker_1')
  const taken = await call(`${url}/ticket`, { json: { scene: own.scene } })
  t.match(taken, { status: 409, body: { code: 'SCENE_TAKEN', secret: undefined } })
  t.equal((await poll(own)).status, 200)
  const short = await call(`${url}/ticket`, { json: { scene: 'too-short' } })
  t.match(short, { status: 400, body: { code: 'INVALID_REQUEST' } })

  const guesses = new Map<string, number>()
  for (let i = 0; i < 400 && !guesses.has('RATE_LIMITED'); i++) {
    const answer = codeOf(await call(`${url}/ticket/guessed_scene_number_${1000 + i}`))
    guesses.set(answer, (guesses.get(answer) ?? 0) + 1)
  }
  t.same([...guesses.keys()], ['TICKET_NOT_FOUND', 'RATE_LIMITED'], 'guessing is throttled')
  t.equal((await poll(own)).status, 200, 'and the holder at the same address is not')
})

t.test('threat 3: a code works for one person, once', async (t) => {
  const { url, db, create, poll, scan, login, deny } = await start(t)
  const ticket = await create()
  await scan(ticket, 'alice')
  for (const answer of [
    await scan(ticket, 'bob'),
    await login(ticket, 'bob'),
    await deny(ticket, 'bob'),
  ]) {
    t.match(answer, { status: 409, body: { code: 'SCANNED_BY_ANOTHER', token: undefined } })
  }
  await login(ticket, 'alice')
  await poll(ticket)
  for (const answer of [
    await scan(ticket, 'bob'),
    await login(ticket, 'bob'),
    await deny(ticket, 'bob'),
    await call(`${url}/ticket/${ticket.scene}/qrcode`),
  ]) {
    t.match(answer, { status: 410, body: { code: 'TICKET_CONSUMED', token: undefined } })
  }
  await endGrace(db, ticket)
  await expire(db, ticket)
  t.equal((await poll(ticket)).body.status, 'consumed', 'terminal states never change')
  const again = await call(`${url}/ticket`, { json: { scene: ticket.scene } })
  t.equal(codeOf(again), 'SCENE_TAKEN')
})

t.test('threat 4: every call of a phone proves who makes it', async (t) => {
  const { url, create, poll, loginCode, scan, login, deny } = await start(t)
  const spent = async () => (await call(`${url}/sandbox/calls`)).body.code2session as number
  const ticket = await create()
  const scanPath = `${url}/ticket/${ticket.scene}/scan`

  for (const body of [{}, { openid: 'oAlice' }]) {
    t.match(await call(scanPath, { json: body }), {
      status: 400,
      body: { code: 'INVALID_REQUEST', message: /code/ },
    })
  }
  const invented = await call(scanPath, { json: { code: 'invented' } })
  t.match(invented, { status: 400, body: { code: 'LOGIN_CODE_INVALID' } })
  t.match((await poll(ticket)).body, { status: 'pending' })

  const code = await loginCode('alice')
  t.equal((await call(scanPath, { json: { code } })).status, 200)
  const before = await spent()
  for (const path of [scanPath, `${url}/ticket/${ticket.scene}/deny`, `${url}/login`]) {
    const replayed = await call(path, {
      json: { code, ...(path.endsWith('/login') ? { scene: ticket.scene } : {}) },
    })
    t.match(replayed, { status: 400, body: { code: 'LOGIN_CODE_USED' } })
  }
  t.equal(await spent(), before, 'a code is never sent to WeChat twice')

  t.equal(codeOf(await login(ticket, 'bob')), 'SCANNED_BY_ANOTHER')
  t.equal(codeOf(await deny(ticket, 'bob')), 'SCANNED_BY_ANOTHER')
  t.match(await scan(ticket, 'mallory'), { status: 403, body: { code: 'WECHAT_USER_BLOCKED' } })
  t.match((await poll(ticket)).body, { status: 'scanned' })
  t.equal((await login(ticket, 'alice')).status, 200)
})

t.test('threat 5: answers say what they must and nothing else', async (t) => {
  const wiretap = createWiretap()
  const { url, db, create, poll, scan, login, deny } = await start(t, { around: [wiretap.listen] })
  const keys = ({ body }: Answer<Json>) => Object.keys(body).sort().join()

  const ticket = await create()
  t.equal(
    Object.keys(ticket).sort().join(),
    'expires_in,interval,match_code,qrcode_url,scene,secret,status',
  )
  const waiting = await poll(ticket)
  t.equal(keys(waiting), 'expires_in,interval,scene,status')
  const scanned = await scan(ticket, 'alice')
  t.equal(keys(scanned), 'expires_in,match,notices,requested_by,scene,site,status')
  const keysOf = (value: object) => Object.keys(value).sort().join()
  t.equal(keysOf(scanned.body.requested_by), 'at,browser,country,ip,os')
  t.equal(keysOf(scanned.body.match), 'code,mode')
  t.same(scanned.body.notices, [{ kind: 'new_browser' }])
  const confirmed = await login(ticket, 'alice')
  t.equal(keys(confirmed), 'scene,status,token,token_expires_in,token_type,user')
  t.equal(Object.keys(confirmed.body.user).sort().join(), 'created,id')
  const stranger = await poll({ scene: ticket.scene, secret: 'wrong' })
  t.equal(keys(stranger), 'code,error,message,statusCode')
  const delivered = await poll(ticket)
  t.equal(
    keys(delivered),
    'expires_in,interval,scene,status,token,token_expires_in,token_type,user',
  )
  t.same(Object.keys(delivered.body.user), ['id'])
  const declined = await deny(await create(), 'alice')
  t.equal(keys(declined), 'scene,status')

  const { openid, unionid } = decodeJwt<{ openid: string; unionid: string }>(delivered.body.token)
  const all = [ticket, waiting, scanned, confirmed, stranger, delivered, declined]
  t.equal(leaked(JSON.stringify(all), [openid, unionid]), undefined, 'only the token names them')
  t.equal(wiretap.sessionKeys.size, 3)
  t.equal(leaked(JSON.stringify(all) + (await dump(db)), wiretap.sessionKeys), undefined)

  await sql`alter table tickets rename to elsewhere`.execute(db)
  const broken = await call(`${url}/ticket`, { json: {} })
  t.equal(broken.status, 500)
  t.equal(keys(broken), 'code,error,message,request_id,statusCode')
  t.notMatch(JSON.stringify(broken.body), /tickets|relation|42P01|sql/i)
})

t.test('threat 6: two polls get one token, and an answer lost loses no login', async (t) => {
  const { db, create, poll, login } = await start(t)
  const ticket = await create()
  await login(ticket, 'alice')
  const [first, second] = await Promise.all([poll(ticket), poll(ticket)])
  t.match(first.body, { status: 'confirmed', token: /^eyJ/ })
  t.equal(second.body.token, first.body.token)
  t.equal((await poll(ticket)).body.token, first.body.token, 'again, within 30 s')
  t.equal(leaked(await dump(db), [first.body.token]), first.body.token)
  await endGrace(db, ticket)
  t.match((await poll(ticket)).body, { status: 'consumed', token: undefined })
  t.equal(leaked(await dump(db), [first.body.token]), undefined, 'gone from the database')
})

t.test('threat 7: nothing revives a dead ticket', async (t) => {
  const { db, create, poll, scan, login, deny, cancel } = await start(t)
  const kill = {
    expired: (ticket: { scene: string }) => expire(db, ticket),
    denied: (ticket: { scene: string }) => deny(ticket, 'alice'),
    canceled: (ticket: { scene: string; secret: string }) => cancel(ticket),
  }
  for (const [status, end] of Object.entries(kill)) {
    for (const scanned of [false, true]) {
      const ticket = await create()
      if (scanned) await scan(ticket, 'alice')
      await end(ticket)
      const code = `TICKET_${status.toUpperCase()}`
      t.match(await scan(ticket, 'alice'), { status: 410, body: { code } })
      t.match(await login(ticket, 'alice'), { status: 410, body: { code, token: undefined } })
      t.match(await deny(ticket, 'alice'), { status: 410, body: { code } })
      const expected = status === 'canceled' ? { status: 204 } : { status: 410, body: { code } }
      t.match(await cancel(ticket), expected)
      t.match((await poll(ticket)).body, { status, token: undefined, interval: 0 })
    }
  }
  const late = await create()
  await login(late, 'alice')
  await expire(db, late)
  t.match((await poll(late)).body, { status: 'expired', token: undefined, interval: 0 })
  t.equal(codeOf(await login(late, 'alice')), 'TICKET_EXPIRED', 'nor a token that nobody collected')
})

t.test('threat 8: to scan is not to log in, and the phone sees who asks', async (t) => {
  const { url, poll, scan, login } = await start(t, { matchMode: 'choose' })
  const ticket = (
    await call(`${url}/ticket`, {
      json: {},
      headers: {
        'user-agent':
          'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36',
      },
    })
  ).body
  const seen = (await scan(ticket, 'victim')).body
  t.match(seen, {
    site: 'Example',
    requested_by: { ip: '127.0.0.1', browser: 'Chrome 142', os: 'Windows' },
    match: { mode: 'choose', choices: Array },
  })
  t.ok(Math.abs(Date.parse(seen.requested_by.at) - Date.now()) < 60_000)
  t.ok(seen.expires_in <= 120, 'the window is short')
  t.match((await poll(ticket)).body, { status: 'scanned', token: undefined })

  const wrong = seen.match.choices.find((choice: string) => choice !== ticket.match_code)
  t.match(await login(ticket, 'victim', { match_code: wrong }), {
    status: 403,
    body: { code: 'MATCH_CODE_WRONG' },
  })
  t.equal(codeOf(await login(ticket, 'victim', { match_code: ticket.match_code })), 'TICKET_DENIED')
  t.match((await poll(ticket)).body, { status: 'denied', token: undefined })

  const proxied = { trustProxy: ['127.0.0.1'], locationHeader: 'CF-IPCountry' }
  const shown = await start(t, { ...proxied, rates: { create: 1, phone: 100 } })
  const from = (address: string, country: string) => ({
    'x-forwarded-for': address,
    'cf-ipcountry': country,
  })
  const lure = { headers: from('192.0.2.1', 'US'), json: {} }
  const lures = [(await call(`${shown.url}/ticket`, lure)).body]
  await sql`update rate_limits set resets_at = now()`.execute(shown.db)
  for (let i = 0; i < 3; i++) {
    lures.push((await call(`${shown.url}/ticket`, lure)).body)
    await sql`update rate_limits set resets_at = now()`.execute(shown.db)
  }
  const unusual = await call(`${shown.url}/ticket/${lures[0].scene}/scan`, {
    headers: from('198.51.100.7', 'CN'),
    json: { code: await shown.loginCode('victim') },
  })
  t.same(
    unusual.body.notices,
    [
      { kind: 'other_country', browser: 'US', phone: 'CN' },
      { kind: 'many_tickets', count: 3 },
      { kind: 'new_browser' },
    ],
    'what is unusual is said',
  )
  const other = await shown.create()
  t.same((await shown.scan(other, 'victim')).body.match, { mode: 'show', code: other.match_code })
  const words = createRequire(root)('./src/miniprogram/components/scene-pass-confirm/words.js')
  t.match(words, {
    en: { warning: 'Confirm only what you opened yourself.', decline: 'Decline' },
    zh: { warning: '仅确认您本人打开的登录。', decline: '拒绝登录' },
  })
})

t.test('threat 9: nothing in between keeps an answer or frames a page', async (t) => {
  const { url, create, poll, scan, login, cancel } = await start(t, {
    publicUrl: 'https://login.example',
  })
  const ticket = await create()
  const path = `${url}/ticket/${ticket.scene}`
  const answers = [
    await call(`${url}/ticket`, { json: {} }),
    await call(`${url}/ticket`, { json: { scene: 'x' } }),
    await call(path),
    await call(`${path}/qrcode`),
    await poll(ticket),
    await scan(ticket, 'alice'),
    await login(ticket, 'alice'),
    await poll(ticket),
    await cancel(await create()),
    await call(`${url}/ticket/none`),
  ]
  for (const { status, headers } of answers) {
    t.equal(headers.get('cache-control'), 'no-store', `${status}`)
  }
  const page = await call(`${url}/`)
  t.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/)
  t.match(page.headers.get('content-security-policy'), /default-src 'none'/)
  t.notMatch(page.headers.get('content-security-policy'), /unsafe/)
  t.match(page.headers.get('strict-transport-security'), /max-age=31536000/)
  t.equal(page.headers.get('referrer-policy'), 'no-referrer')
})

t.test('threat 9: no link makes the hosted page send a login elsewhere', async (t) => {
  const listed = 'https://www.example/in'
  const { url } = await start(t, { returnUrls: [listed], sandbox: null })
  const open = (address: string) =>
    call(`${url}/?${new URLSearchParams({ return_to: address, state: '"><a>' }).toString()}`)
  const page = await open(listed)
  t.match(page.headers.get('content-security-policy'), /form-action https:\/\/www\.example;/)
  t.match(page.body, `method="post" action="${listed}"`)
  t.notMatch(page.body, '"><a>', 'and nobody adds to it')
  for (const address of ['https://evil.example/in', `${listed}/`, `${listed}@evil.example`]) {
    t.match(await open(address), { status: 400, body: { code: 'INVALID_REQUEST' } })
  }
})

t.test('threat 10: a forged X-Forwarded-For is not believed', async (t) => {
  const rates = { create: 3, phone: 100 }
  const direct = await start(t, { rates })
  const from = (base: string, address: string) =>
    call(`${base}/ticket`, { json: {}, headers: { 'x-forwarded-for': address } })
  const ipOf = async (app: typeof direct, ticket: { scene: string }) =>
    (await app.scan(ticket, 'alice')).body.requested_by.ip

  t.equal(await ipOf(direct, (await from(direct.url, '198.51.100.7')).body), '127.0.0.1')
  await from(direct.url, '198.51.100.8')
  await from(direct.url, '198.51.100.9')
  t.equal(codeOf(await from(direct.url, '198.51.100.10')), 'RATE_LIMITED', 'no fresh budget')

  const proxied = await start(t, { rates, trustProxy: ['127.0.0.1'] })
  t.equal(await ipOf(proxied, (await from(proxied.url, '198.51.100.7')).body), '198.51.100.7')
  const forged = (await from(proxied.url, '203.0.113.66, 198.51.100.8')).body
  t.equal(await ipOf(proxied, forged), '198.51.100.8', 'only what the trusted proxy added counts')

  const locationHeader = 'CF-IPCountry'
  const exposed = await start(t, { trustProxy: ['10.0.0.1'], locationHeader })
  const behind = await start(t, { trustProxy: ['127.0.0.1'], locationHeader })
  for (const [app, country] of [
    [exposed, null],
    [behind, 'US'],
  ] as const) {
    const headers = { 'x-forwarded-for': '10.0.0.1', 'cf-ipcountry': 'US' }
    const { body: ticket } = await call(`${app.url}/ticket`, { json: {}, headers })
    const { body } = await app.scan(ticket, 'alice')
    t.equal(body.requested_by.country, country, 'nor is a country')
    t.notMatch(JSON.stringify(body.notices), /other_country/, 'the phone’s is not guessed')
  }
})

t.test('threat 11: floods are refused, across replicas', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const rates = { create: 7, phone: 6 }
  const a = await start(t, { databaseUrl, rates })
  const b = await start(t, { databaseUrl, rates })

  const big = { scene: 'x'.repeat(16 * 1024) }
  t.match(await call(`${a.url}/ticket`, { json: big }), {
    status: 413,
    body: { code: 'BODY_TOO_LARGE' },
  })

  // That one counted, too: six are left.
  const created: Answer<Json>[] = []
  for (let i = 0; i < 7; i++) {
    created.push(await call(`${i % 2 === 0 ? a.url : b.url}/ticket`, { json: {} }))
  }
  t.same(
    created.map(({ status }) => status),
    [201, 201, 201, 201, 201, 201, 429],
  )
  t.match(created[6]?.body, { code: 'RATE_LIMITED' })
  t.ok(Number(created[6]?.headers.get('retry-after')) > 0)

  const phone: number[] = []
  for (let i = 0; i < 7; i++) {
    const base = i % 2 === 0 ? a.url : b.url
    phone.push((await call(`${base}/login`, { json: { code: 'invented' } })).status)
  }
  t.same(phone, [400, 400, 400, 400, 400, 400, 429])

  const [ticket, neighbour] = created.map(({ body }) => body)
  let paced: Answer<Json> | undefined
  for (let i = 0; i < 60 && paced?.status !== 429; i++) paced = await a.poll(ticket)
  t.match(paced, { status: 429, body: { code: 'SLOW_DOWN' } })
  t.ok(Number(paced?.headers.get('retry-after')) > 0)
  t.equal((await a.poll(neighbour)).status, 200, 'the pace is the ticket’s, not the address’s')

  let missed: Answer<Json> | undefined
  for (let i = 0; i < 400 && missed?.status !== 429; i++) missed = await call(`${b.url}/no/${i}`)
  t.match(missed, { status: 429, body: { code: 'RATE_LIMITED' } })

  const busy = await start(t, { databaseUrl, databaseBusy: () => true })
  const shed = await call(`${busy.url}/ticket`, { json: {} })
  t.match(shed, { status: 503, body: { code: 'OVERLOADED' } }, 'before memory grows')
  t.ok(Number(shed.headers.get('retry-after')) > 0)
})

t.test('threat 12: another origin’s page cannot drive the API', async (t) => {
  const origins = (answer: Answer<Json>) => answer.headers.get('access-control-allow-origin')
  const ask = (base: string, origin: string) =>
    call(`${base}/ticket`, { json: {}, headers: { origin } })
  const closed = await start(t)
  t.equal(origins(await ask(closed.url, 'https://evil.example')), null)
  const open = await start(t, { corsOrigins: ['https://www.example'] })
  t.equal(origins(await ask(open.url, 'https://www.example')), 'https://www.example')
  t.not(origins(await ask(open.url, 'https://evil.example')), 'https://evil.example')
  t.not(origins(await ask(open.url, 'https://evil.example')), '*')
  const answer = await ask(open.url, 'https://www.example')
  t.equal(answer.headers.get('access-control-allow-credentials'), null)
  t.equal(answer.headers.get('set-cookie'), null, 'no cookie carries authority')
  const phone = await call(`${open.url}/login`, {
    json: { code: 'x' },
    headers: { origin: 'https://www.example' },
  })
  t.equal(origins(phone), null, 'phones are no browsers')
})

t.test('threat 13: a stolen database signs nobody in', async (t) => {
  const wiretap = createWiretap()
  const outside = await generateSigningJwk()
  const keyring = await createFixedKeyring(JSON.stringify({ keys: [outside] }))
  const settings = { issuer: ISSUER, audience: 'web', audienceMiniprogram: 'mini', ttl: 7200 }
  const { url, db, create, poll, scan, login } = await start(t, {
    around: [wiretap.listen],
    keyring,
    tokens: createLoginTokens(keyring, settings),
  })
  const collected = await create()
  const forgotten = await create()
  for (const ticket of [collected, forgotten]) {
    await call(`${url}/ticket/${ticket.scene}/qrcode`)
    await scan(ticket, 'alice')
    await login(ticket, 'alice')
  }
  const { token } = (await poll(collected)).body
  t.match(await dump(db), /eyJ[\w-]+\.[\w-]+\.[\w-]+/, 'a token waits for its collection')
  await endGrace(db, collected)
  await expire(db, forgotten)
  await sweepTickets(db, windows)

  const stolen = await dump(db)
  t.match(stolen, collected.scene)
  t.equal(leaked(stolen, [collected.secret, forgotten.secret, token]), undefined)
  t.notMatch(stolen, /eyJ[\w-]+\.[\w-]+/, 'no token is left')
  t.equal(wiretap.sessionKeys.size, 4)
  t.equal(leaked(stolen, [...wiretap.sessionKeys, ...wiretap.accessTokens]), undefined)
  t.equal(leaked(stolen, [SANDBOX_SECRET]), undefined)

  t.equal(leaked(stolen, [outside.d as string]), undefined, 'keys can live outside')
  t.equal(decodeProtectedHeader(token).kid, outside.kid)
  const { keys } = (await call(`${url}/.well-known/jwks.json`)).body
  t.match(keys, [{ kid: outside.kid, d: undefined }])
})

t.test('threat 14: a stolen log signs nobody in', async (t) => {
  const wiretap = createWiretap()
  const app = await start(t, { logLevel: 'trace', around: [wiretap.listen] })
  const { url, db, create, poll, scan, deny } = app
  const secrets: string[] = [SANDBOX_SECRET]
  const keep = <T extends string>(value: T): T => (secrets.push(value), value)
  const loginCode = async (user: string) => keep(await app.loginCode(user))
  const login = async (ticket: { scene: string } | null, user: string, code?: string) =>
    call(`${url}/login`, {
      json: { code: code ?? (await loginCode(user)), ...(ticket ? { scene: ticket.scene } : {}) },
    })
  const fault = (json: object) => call(`${url}/sandbox/faults`, { json })

  const ticket = await create()
  keep(ticket.secret)
  await call(`${url}/ticket/${ticket.scene}/qrcode`)
  const code = await loginCode('alice')
  await call(`${url}/ticket/${ticket.scene}/scan`, { json: { code } })
  keep((await login(ticket, 'alice')).body.token)
  keep((await poll(ticket)).body.token)
  keep((await login(null, 'bob')).body.token)

  const wrong = keep('a-secret-that-is-wrong-but-may-be-right-elsewhere')
  await poll({ scene: ticket.scene, secret: wrong })
  await call(`${url}/ticket/${ticket.scene}?secret=${ticket.secret}`)
  await call(`${url}/nowhere?token=${ticket.secret}`)
  await login(null, 'alice', code)
  await login(null, 'alice', keep('CodeThatNobodyGaveOut0123456789'))
  await login(null, 'mallory')
  const headers = { 'content-type': 'application/json' }
  for (const body of [
    `{"code":"${await loginCode('bob')}",}`,
    `{"code":${await loginCode('bob')}}`,
    `{"code":"${await loginCode('bob')}`,
    `{"code":["${await loginCode('bob')}"]}`,
    `{"code":"${await loginCode('bob')}","scene":"${keep('no scene but a secret')}"}`,
  ]) {
    t.equal((await call(`${url}/login`, { method: 'POST', headers, body })).status, 400)
  }
  for (const what of [
    { errcode: -1 },
    { errcode: 40013 },
    { errcode: 40125 },
    { errcode: 45011 },
    { hang_up: true },
    { http_status: 404 },
    { http_status: 502 },
  ]) {
    await fault({ api: 'code2session', ...what })
    t.ok((await login(null, 'carol')).status >= 400)
  }
  for (const what of [{ errcode: 40001 }, { errcode: 41030 }, { hang_up: true, times: 2 }]) {
    await fault({ api: 'getwxacodeunlimit', ...what })
    const other = await create()
    keep(other.secret)
    await call(`${url}/ticket/${other.scene}/qrcode`)
  }
  await deny(await create(), 'carol')
  await scan(await create(), 'carol')

  await sql`alter table identities rename to elsewhere`.execute(db)
  t.equal((await login(null, 'dave')).status, 500)

  const log = app.logged()
  const lines = log.trim().split('\n')
  t.ok(lines.length > 40, `${lines.length} lines`)
  for (const line of lines) JSON.parse(line)
  t.match(log, /"path":"\/login"/)
  t.match(log, /request failed/)
  t.match(log, /WeChat refuses our settings/)
  t.ok(wiretap.sessionKeys.size >= 3 && wiretap.accessTokens.size >= 1)
  t.ok(secrets.length > 20 && secrets.every((value) => value.length > 8))
  const all = [...secrets, ...wiretap.sessionKeys, ...wiretap.accessTokens]
  t.equal(leaked(log, all), undefined)
})

t.test('threat 15: a verifier is not tricked', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const jwksOf = async (app: { url: string }): Promise<JSONWebKeySet> =>
    (await call(`${app.url}/.well-known/jwks.json`)).body
  const tokenOf = async (app: Awaited<ReturnType<typeof start>>): Promise<string> => {
    const ticket = await app.create()
    await app.login(ticket, 'alice')
    return (await app.poll(ticket)).body.token
  }
  const before = await start(t, { databaseUrl })
  const token = await tokenOf(before)
  const own = (await before.login(null, 'alice')).body.token
  const jwks = await jwksOf(before)
  const verify = (candidate: string, set = jwks, audience = 'web') =>
    jwtVerify(candidate, createLocalJWKSet(set), {
      issuer: ISSUER,
      audience,
      algorithms: ['ES256'],
    })

  t.equal((await verify(token)).protectedHeader.alg, 'ES256')
  t.equal((await verify(own, jwks, 'miniprogram')).protectedHeader.alg, 'ES256')
  const audience = { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', message: /"aud"/ }
  await t.rejects(verify(own), audience)
  await t.rejects(verify(token, jwks, 'miniprogram'), audience)

  const [, payload, signature] = token.split('.')
  const header = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')
  const { kid } = decodeProtectedHeader(token)
  await t.rejects(verify(`${header({ alg: 'none' })}.${payload}.`))
  await t.rejects(verify(`${header({ alg: 'HS256', kid })}.${payload}.${signature}`))
  const publicKey = new TextEncoder().encode(JSON.stringify(jwks.keys[0]))
  const confused = await new SignJWT(decodeJwt(token))
    .setProtectedHeader({ alg: 'HS256', kid: kid as string })
    .sign(publicKey)
  await t.rejects(verify(confused))
  t.ok(jwks.keys.every((key) => key.alg === 'ES256' && key.use === 'sig' && !('d' in key)))

  const { kid: next } = await rotateKeys(before.db)
  const during = await start(t, { databaseUrl })
  const published = await jwksOf(during)
  t.same(published.keys.map((key) => key.kid).sort(), [kid, next].sort(), 'published first')
  t.equal(decodeProtectedHeader(await tokenOf(during)).kid, kid, 'and not used yet')
  await sql`
    update signing_keys set signs_from = signs_from - interval '15 minutes'
  `.execute(before.db)
  const after = await start(t, { databaseUrl })
  const fresh = await tokenOf(after)
  t.equal(decodeProtectedHeader(fresh).kid, next)
  await verify(fresh, published)
  await verify(token, await jwksOf(after))
  await sql`
    update signing_keys set signs_from = signs_from - interval '2 hours 16 minutes'
  `.execute(before.db)
  const later = await start(t, { databaseUrl })
  t.same(
    (await jwksOf(later)).keys.map((key) => key.kid),
    [next],
    'a stale key is gone',
  )
  await t.rejects(verify(token, await jwksOf(later)), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
})

t.test('threat 16: the sandbox does not reach production', async (t) => {
  const DATABASE_URL = 'postgres://db.example/scenepass'
  for (const env of [
    { NODE_ENV: 'production', DATABASE_URL },
    { PUBLIC_URL: 'https://login.example', DATABASE_URL },
  ]) {
    t.throws(() => readConfig(env), { name: 'ConfigError', message: /WECHAT_APPID/ })
  }
  const WECHAT_APPID = 'wx0123456789abcdef'
  const PUBLIC_URL = 'https://login.example'
  const real = { PUBLIC_URL, DATABASE_URL, WECHAT_APPID, WECHAT_SECRET: 'x'.repeat(32) }
  t.match(readConfig(real).wechat.credentials, { appid: WECHAT_APPID })
  t.equal(readConfig({}).wechat.credentials, null)

  const production = await start(t, { sandbox: null, logLevel: 'info' })
  for (const [path, json] of [
    ['/sandbox/phone?scene=x'],
    ['/sandbox/demo.js'],
    ['/sandbox/calls'],
    ['/sandbox/wx-login', { user: 'alice' }],
    ['/sandbox/faults', { api: 'code2session' }],
    ['/sandbox/wechat/cgi-bin/stable_token', {}],
  ] as const) {
    t.match(await call(`${production.url}${path}`, { json }), { status: 404 }, path)
  }
  t.notMatch(production.logged(), /sandbox/i)
  const sandbox = await start(t, { logLevel: 'warn' })
  t.match(sandbox.logged(), /SANDBOX: this is not WeChat/)
})

t.test('threat 17: replicas with wrong clocks decide by the database’s', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const fast = await start(t, { databaseUrl })
  const slow = await start(t, { databaseUrl })
  const skew = skewedClock(t)
  const minutes = 5
  const onFast = () => (skew(minutes * 60_000), fast)
  const onSlow = () => (skew(-minutes * 60_000), slow)
  const realNow = async (): Promise<number> => {
    const { rows } = await sql<{ now: number }>`
      select extract(epoch from now())::float8 as now
    `.execute(fast.db)
    return rows[0]?.now as number
  }
  const before = await realNow()
  t.ok(Math.abs(onFast() && Date.now() / 1000 - before) > 290, 'the clock is wrong')

  for (const [one, other] of [
    [onFast, onSlow],
    [onSlow, onFast],
  ] as const) {
    const ticket = await one().create()
    const waiting = (await other().poll(ticket)).body
    t.match(waiting, { status: 'pending' })
    t.ok(waiting.expires_in > 100 && waiting.expires_in <= 120)
    const scanned = (await other().scan(ticket, 'alice')).body
    t.ok(scanned.expires_in > 100 && scanned.expires_in <= 120)
    t.ok(Math.abs(Date.parse(scanned.requested_by.at) / 1000 - before) < 60)
    const own = (await one().login(ticket, 'alice')).body
    const delivered = (await other().poll(ticket)).body
    for (const [token, left] of [
      [own.token, own.token_expires_in],
      [delivered.token, delivered.token_expires_in],
    ] as const) {
      const { iat = 0, exp = 0, auth_time: at } = decodeJwt(token)
      t.ok(iat >= Math.floor(before) && iat <= (await realNow()), 'issued in the database’s time')
      t.same([exp - iat, at], [7200, iat])
      t.ok(left > 7_190 && left <= 7_200)
    }
    t.equal((await one().poll(ticket)).body.token, delivered.token, 'the grace holds')
    await endGrace(fast.db, ticket)
    t.match((await one().poll(ticket)).body, { status: 'consumed', token: undefined })

    const late = await one().create()
    await expire(fast.db, late)
    t.equal((await one().poll(late)).body.status, 'expired')
    t.equal((await other().poll(late)).body.status, 'expired')
    t.equal(codeOf(await other().login(late, 'alice')), 'TICKET_EXPIRED')
  }
})

t.test('threat 18: WeChat is slow, down, or answers rubbish', async (t) => {
  const upstream = await fakeUpstream(t)
  const wechat = wechatAt(t, upstream.url, { timeoutMs: 400 })
  const { url, create } = await start(t, { wechat, sandbox: null })
  const [tokenPath, imagePath] = ['/cgi-bin/stable_token', '/wxa/getwxacodeunlimit']
  const sessionPath = '/sns/jscode2session'
  const image = async () => call(`${url}/ticket/${(await create()).scene}/qrcode`)
  let codes = 0
  const login = () => call(`${url}/login`, { json: { code: `code-${++codes}` } })
  upstream.answer(tokenPath, (reply) => reply.end('{"access_token":"x","expires_in":7200}'))

  upstream.answer(imagePath, (reply) => reply.end('<html>captive portal</html>'))
  t.match(await image(), { status: 502, body: { code: 'WECHAT_ERROR', request_id: String } })
  const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  upstream.answer(imagePath, (reply) => reply.end(Buffer.concat([png, Buffer.alloc(1024 * 1024)])))
  t.match(await image(), { status: 502, body: { code: 'WECHAT_ERROR' } }, 'bodies are bounded')

  let asked = upstream.count(imagePath)
  upstream.answer(imagePath, (reply) => {
    upstream.answer(imagePath, (next) => next.end(png))
    reply.writeHead(500).end()
  })
  t.match(await image(), { status: 200 }, 'a code is asked for once more')
  t.equal(upstream.count(imagePath), asked + 2)

  upstream.answer(imagePath, () => {})
  const started = performance.now()
  t.match(await image(), { status: 504, body: { code: 'WECHAT_TIMEOUT' } })
  t.ok(performance.now() - started < 5_000, 'a silent WeChat does not hold us')

  upstream.answer(sessionPath, (reply) => reply.end('not JSON'))
  t.match(await login(), { status: 502, body: { code: 'WECHAT_ERROR' } })
  upstream.answer(sessionPath, (reply) => reply.writeHead(500).end())
  asked = upstream.count(sessionPath)
  t.match(await login(), { status: 503, body: { code: 'WECHAT_BUSY' } })
  t.equal(upstream.count(sessionPath), asked + 1, 'a login code is never sent again')
  for (let i = 0; i < 6; i++) await login()
  asked = upstream.count(sessionPath)
  const paused = await login()
  t.match(paused, { status: 503, body: { code: 'WECHAT_BUSY' } })
  t.ok(Number(paused.headers.get('retry-after')) > 0)
  t.equal(upstream.count(sessionPath), asked, 'the breaker is open: nobody asks')
  t.equal((await call(`${url}/livez`)).status, 200)
  t.match(await create(), { status: 'pending' }, 'a ticket does not wait for WeChat')
})
