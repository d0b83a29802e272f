import { createRequire } from 'node:module'
import { sql } from 'kysely'
import t from 'tap'
import { startInstance } from '../fixtures/instance.ts'
import { call } from '../fixtures/network/client.ts'
import { createWiretap, leaked } from '../fixtures/network/wiretap.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'
import { allRows } from '../fixtures/postgres/rows.ts'
import { root } from '../fixtures/root.ts'
import { endGrace, expire } from '../fixtures/tickets/time.ts'

/** Threats to the ticket and its code image, and to the person with the phone. */

t.test('threat 1: who sees the code cannot poll for the token', async (t) => {
  const wiretap = createWiretap()
  const { url, db, create, poll, login } = await startInstance(t, { around: [wiretap.listen] })
  const ticket = await create()
  const other = await create()
  t.match(ticket.secret, /^[A-Za-z0-9_-]{43,}$/, '258 bits')

  const path = `${url}/ticket/${ticket.scene}`
  const image = await fetch(`${path}/qrcode`)
  const shown = `${image.url} ${JSON.stringify([...image.headers])} ${wiretap.sent.join()}`
  t.ok(wiretap.sent.some((sent) => sent.includes(ticket.scene)))
  t.equal(leaked(shown + (await allRows(db)), [ticket.secret]), undefined)

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
  const { url, create, poll } = await startInstance(t)
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
    const answer = (await call(`${url}/ticket/guessed_scene_number_${1000 + i}`)).body.code
    guesses.set(answer, (guesses.get(answer) ?? 0) + 1)
  }
  t.same([...guesses.keys()], ['TICKET_NOT_FOUND', 'RATE_LIMITED'], 'guessing is throttled')
  t.equal((await poll(own)).status, 200, 'and the holder at the same address is not')
})

t.test('threat 3: a code works for one person, once', async (t) => {
  const { url, db, create, poll, scan, login, deny } = await startInstance(t)
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
  t.equal(again.body.code, 'SCENE_TAKEN')
})

t.test('threat 4: every call of a phone proves who makes it', async (t) => {
  const { url, create, poll, loginCode, scan, login, deny } = await startInstance(t)
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

  t.equal((await login(ticket, 'bob')).body.code, 'SCANNED_BY_ANOTHER')
  t.equal((await deny(ticket, 'bob')).body.code, 'SCANNED_BY_ANOTHER')
  t.match(await scan(ticket, 'mallory'), { status: 403, body: { code: 'WECHAT_USER_BLOCKED' } })
  t.match((await poll(ticket)).body, { status: 'scanned' })
  t.equal((await login(ticket, 'alice')).status, 200)
})

t.test('threat 6: two polls get one token, and an answer lost loses no login', async (t) => {
  const { db, create, poll, login } = await startInstance(t)
  const ticket = await create()
  await login(ticket, 'alice')
  const [first, second] = await Promise.all([poll(ticket), poll(ticket)])
  t.match(first.body, { status: 'confirmed', token: /^eyJ/ })
  t.equal(second.body.token, first.body.token)
  t.equal((await poll(ticket)).body.token, first.body.token, 'again, within 30 s')
  t.equal(leaked(await allRows(db), [first.body.token]), first.body.token)
  await endGrace(db, ticket)
  t.match((await poll(ticket)).body, { status: 'consumed', token: undefined })
  t.equal(leaked(await allRows(db), [first.body.token]), undefined, 'gone from the database')
})

t.test('threat 7: nothing revives a dead ticket', async (t) => {
  const { db, create, poll, scan, login, deny, cancel } = await startInstance(t)
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
  t.equal(
    (await login(late, 'alice')).body.code,
    'TICKET_EXPIRED',
    'nor a token that was not collected',
  )
})

t.test('threat 8: to scan is not to log in, and the phone sees who asks', async (t) => {
  const { url, poll, scan, login } = await startInstance(t, { matchMode: 'choose' })
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
  const right = await login(ticket, 'victim', { match_code: ticket.match_code })
  t.equal(right.body.code, 'TICKET_DENIED')
  t.match((await poll(ticket)).body, { status: 'denied', token: undefined })

  const databaseUrl = await postgresUrl(t)
  const proxied = { databaseUrl, trustProxy: ['127.0.0.1'], locationHeader: 'CF-IPCountry' }
  const limited = { ...proxied, rates: { create: 1, phone: 100 } }
  const another = () => startInstance(t, limited)
  const shown = await another()
  const from = (ip: string, country: string) => ({ 'x-forwarded-for': ip, 'cf-ipcountry': country })
  const lure = { headers: from('192.0.2.1', 'US'), json: {} }
  const lures: { scene: string }[] = []
  // An instance that knows of the limit asks no more in its minute: each minute is another one's.
  for (const { url } of [shown, ...(await Promise.all([1, 2, 3].map(() => another())))]) {
    lures.push((await call(`${url}/ticket`, lure)).body)
    await sql`update rate_limits set resets_at = now()`.execute(shown.db)
  }
  const unusual = await call(`${shown.url}/ticket/${lures[0]?.scene}/scan`, {
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
  const plain = await startInstance(t, { databaseUrl })
  const other = await plain.create()
  t.same((await plain.scan(other, 'victim')).body.match, { mode: 'show', code: other.match_code })
  const words = createRequire(root)('./src/miniprogram/components/scene-pass-confirm/words.js')
  t.match(words, {
    en: { warning: /opened yourself, never a code/, decline: 'Decline' },
    zh: { warning: /本人打开的；别人发来的码请勿确认/, decline: '拒绝登录' },
  })
})
