import { sql } from 'kysely'
import t from 'tap'
import { startInstance } from '../../fixtures/instance.ts'
import { call } from '../../fixtures/network/client.ts'
import { postgresUrl } from '../../fixtures/postgres/database.ts'
import { refused } from '../../fixtures/refused.ts'
import { expire } from '../../fixtures/tickets/time.ts'

/** What a phone shows before its person decides: the match code, and what is unusual. */

const databaseUrl = await postgresUrl(t)
const choose = { databaseUrl, matchMode: 'choose' } as const
const a = await startInstance(t, choose)
const b = await startInstance(t, choose)
const c = await startInstance(t, choose)
const off = await startInstance(t, { databaseUrl, matchMode: 'off' })
const show = await startInstance(t, { databaseUrl })

/** How many login codes the instance has spent. */
const spent = async (): Promise<number> => (await call(`${a.url}/sandbox/calls`)).body.code2session
const rightOf = ({ match_code }: { match_code: string }) => ({ match_code })
const wrongOf = ({ match_code }: { match_code: string }) => ({
  match_code: match_code === '10' ? '11' : '10',
})

t.test('what the match looks like is a setting', async (t) => {
  const plain = await off.create()
  t.equal(plain.match_code, null)
  t.strictSame((await off.scan(plain, 'alice')).body.match, { mode: 'off' })

  const ticket = await a.create()
  const { match } = (await a.scan(ticket, 'alice')).body
  t.strictSame(Object.keys(match).toSorted(), ['choices', 'mode'])
  t.equal(match.mode, 'choose')
  t.equal(new Set(match.choices).size, 3)
  for (const choice of match.choices) t.match(choice, /^[1-9]\d$/)
  t.ok(match.choices.includes(ticket.match_code))
  t.strictSame((await a.scan(ticket, 'alice')).body.match, match)
})

t.test('mode off shows no number anywhere', async (t) => {
  const ticket = await off.create()
  t.equal(ticket.match_code, null)
  t.same((await off.scan(ticket, 'alice')).body.match, { mode: 'off' })
  t.equal((await off.login(ticket, 'alice')).status, 200)
})

t.test('in mode choose the three choices are the same on every instance', async (t) => {
  const ticket = await a.create()
  const { match } = (await a.scan(ticket, 'alice')).body
  t.match(match, { mode: 'choose', code: undefined })
  t.equal(new Set(match.choices).size, 3)
  t.ok(match.choices.includes(ticket.match_code))
  for (const { scan } of [b, c, a]) t.same((await scan(ticket, 'alice')).body.match, match)
})

t.test('in mode choose a wrong pick ends the ticket, no pick costs nothing', async (t) => {
  const { url, create, scan, login, loginCode, poll } = a
  const ticket = await create()
  await scan(ticket, 'alice')
  const code = await loginCode('alice')
  const before = await spent()
  const none = await call(`${url}/login`, { json: { code, scene: ticket.scene } })
  refused(t, none, 400, 'INVALID_REQUEST')
  t.match(none.body.message, 'match_code')
  t.equal(await spent(), before, 'the login code is not spent')
  const right = { code, scene: ticket.scene, ...rightOf(ticket) }
  t.match(await call(`${url}/login`, { json: right }), { status: 200 })
  t.match(await poll(ticket), { body: { status: 'confirmed' } })

  const other = await create()
  const { choices } = (await scan(other, 'alice')).body.match
  const wrong = choices.find((choice: string) => choice !== other.match_code)
  refused(t, await login(other, 'alice', { match_code: wrong }), 403, 'MATCH_CODE_WRONG')
  t.match(await poll(other), { body: { status: 'denied', interval: 0 } })
  refused(t, await login(other, 'alice', rightOf(other)), 410, 'TICKET_DENIED')
})

t.test('that goes for a ticket that was not scanned, and on every instance', async (t) => {
  for (const scanned of [true, false]) {
    const ticket = await a.create()
    if (scanned) await a.scan(ticket, 'alice')
    const before = await spent()
    const none = await a.login(ticket, 'alice')
    t.match(none, { status: 400, body: { code: 'INVALID_REQUEST', message: /match_code/ } })
    t.equal(await spent(), before, 'the login code is still good')
    t.equal((await a.login(ticket, 'alice', rightOf(ticket))).status, 200)
    t.match((await b.poll(ticket)).body, { token: /^eyJ/ })

    const other = await a.create()
    if (scanned) await a.scan(other, 'alice')
    const wrong = await a.login(other, 'alice', wrongOf(other))
    t.match(wrong, { status: 403, body: { code: 'MATCH_CODE_WRONG' } })
    t.equal((await b.login(other, 'alice', rightOf(other))).body.code, 'TICKET_DENIED')
    t.match((await b.poll(other)).body, { status: 'denied', interval: 0, token: undefined })
  }
})

t.test('in mode choose a wrong number changes nothing that is decided', async (t) => {
  const { db, create, scan, login, poll } = a
  const confirmed = await create()
  t.match(await login(confirmed, 'alice', rightOf(confirmed)), { status: 200 })
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
    const [right, wrong] = await Promise.all([
      login(ticket, 'alice', rightOf(ticket)),
      login(ticket, 'alice', wrongOf(ticket)),
    ])
    const { status } = (await poll(ticket)).body
    t.equal(right.status === 200, status === 'confirmed', 'of two at once one decides')
    t.equal(right.status === 200, wrong.body.code !== 'MATCH_CODE_WRONG')
  }
})

t.test('another than the owner cannot end it with a wrong number', async (t) => {
  const ticket = await a.create()
  await a.scan(ticket, 'alice')
  t.equal((await b.login(ticket, 'bob', wrongOf(ticket))).body.code, 'SCANNED_BY_ANOTHER')
  t.equal((await a.login(ticket, 'alice', rightOf(ticket))).status, 200)
})

t.test('a repeated login needs no number any more', async (t) => {
  const ticket = await a.create()
  await a.login(ticket, 'alice', rightOf(ticket))
  t.equal((await b.login(ticket, 'alice')).status, 200)
})

t.test('in the other modes a number is nothing', async (t) => {
  for (const { create, login, poll } of [show, off]) {
    const ticket = await create()
    t.match(await login(ticket, 'alice', wrongOf(ticket)), { status: 200 })
    t.match(await poll(ticket), { body: { status: 'confirmed' } })
  }
  t.match(await show.login(null, 'alice', { match_code: '47' }), { status: 200 })
})

t.test('the phone hears what is unusual about the ticket', async (t) => {
  const { url, db, login, loginCode } = await startInstance(t, {
    databaseUrl,
    rates: { create: 2, phone: 1_000 },
    trustProxy: ['127.0.0.1'],
    locationHeader: 'CF-IPCountry',
  })
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
        json: { code: await loginCode('traveller') },
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
  t.equal((await login(abroad, 'traveller')).status, 200)

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

  const silent = await startInstance(t, { databaseUrl, auditDays: 0 })
  const { body: ticket } = await call(`${silent.url}/ticket`, {
    json: {},
    headers: { 'user-agent': 'curl/8.5.0' },
  })
  t.strictSame((await silent.scan(ticket, 'traveller')).body.notices, [])
})
