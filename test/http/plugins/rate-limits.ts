import { sql } from 'kysely'
import t, { type Test } from 'tap'
import type { Db } from '../../../src/db/pool.ts'
import { sweepRateLimits } from '../../../src/limits/sweep.ts'
import { startApp, type Overrides } from '../../fixtures/app.ts'
import { call, clientOf, type Answer } from '../../fixtures/network/client.ts'
import { databases, postgresUrl } from '../../fixtures/postgres/database.ts'

const from = (address: string) => ({ headers: { 'x-forwarded-for': address } })

async function instances(t: Test, deps: Overrides) {
  const databaseUrl = await postgresUrl(t)
  const one = await startApp(t, { databaseUrl, ...deps })
  const two = await startApp(t, { databaseUrl, ...deps })
  return { one: one.url, two: two.url, db: one.db, databaseUrl }
}

function limited(t: Test, answer: Answer): void {
  t.match(answer, { status: 429, body: { statusCode: 429, code: 'RATE_LIMITED' } })
  const seconds = Number(answer.headers.get('retry-after'))
  t.ok(Number.isInteger(seconds) && seconds >= 1 && seconds <= 60, `in ${seconds} s`)
  t.equal(answer.headers.get('cache-control'), 'no-store')
}

t.test('created tickets are counted per address, across instances', async (t) => {
  const rates = { create: 4, phone: 2 }
  const { one, two, db, databaseUrl } = await instances(t, { rates, trustProxy: ['127.0.0.1'] })
  const create = (base: string, address: string) =>
    call(`${base}/ticket`, { method: 'POST', ...from(address) })
  const statuses = await Promise.all(
    [one, two, one, two, one, two].map(async (base) => (await create(base, '192.0.2.1')).status),
  )
  t.strictSame(statuses.toSorted(), [201, 201, 201, 201, 429, 429])
  for (const base of [one, two]) limited(t, await create(base, '192.0.2.1'))
  t.equal((await create(one, '192.0.2.2')).status, 201, 'another address is another matter')

  const phone = await call(`${one}/login`, { json: { code: 'x' }, ...from('192.0.2.1') })
  t.equal(phone.status, 400, 'and the phone has a budget of its own')

  await sql`update rate_limits set resets_at = now() - interval '1 second'`.execute(db)
  // An instance that is over the limit of its own knowledge asks no more until its minute is over.
  const three = await startApp(t, { databaseUrl, rates, trustProxy: ['127.0.0.1'] })
  t.equal((await create(three.url, '192.0.2.1')).status, 201, 'the next minute is a new one')
})

t.test('the calls of a phone share one budget, across routes and instances', async (t) => {
  const { one, two } = await instances(t, {
    rates: { create: 9, phone: 3 },
    trustProxy: ['127.0.0.1'],
  })
  // Each of them has a WeChat of its own.
  const phone = async (base: string, path: string, address = '192.0.2.1') =>
    call(base + path, {
      json: { code: await clientOf(base).loginCode('alice') },
      ...from(address),
    })
  const { scene } = await clientOf(one).create()
  t.equal((await phone(one, `/ticket/${scene}/scan`)).status, 200)
  t.equal((await phone(two, `/ticket/${scene}/deny`)).status, 200)
  t.equal((await phone(one, '/login')).status, 200)
  for (const path of [`/ticket/${scene}/scan`, `/ticket/${scene}/deny`, '/login']) {
    limited(t, await phone(two, path))
  }
  t.equal((await phone(two, '/login', '192.0.2.2')).status, 200)
})

t.test('an IPv6 address counts as its /64', async (t) => {
  const { one } = await instances(t, {
    rates: { create: 2, phone: 2 },
    trustProxy: ['127.0.0.1'],
  })
  const create = (address: string) => call(`${one}/ticket`, { method: 'POST', ...from(address) })
  t.equal((await create('2001:db8:0:1::1')).status, 201)
  t.equal((await create('2001:DB8:0:1:ffff:ffff:ffff:ffff')).status, 201)
  limited(t, await create('2001:db8:0:1:1234::'))
  t.equal((await create('2001:db8:0:2::1')).status, 201, 'the neighbour')
  t.equal((await create('192.0.2.7')).status, 201)
  t.equal((await create('::ffff:192.0.2.7')).status, 201)
  limited(t, await create('192.0.2.7'))
})

t.test('threat 21: a line with many networks has a few budgets, not all of theirs', async (t) => {
  const { one } = await instances(t, {
    rates: { create: 2, phone: 2 },
    trustProxy: ['127.0.0.1'],
  })
  const create = (address: string) => call(`${one}/ticket`, { method: 'POST', ...from(address) })
  const statuses: number[] = []
  for (let i = 0; i < 12; i++) {
    const network = (0x4500 + i).toString(16)
    statuses.push((await create(`2001:db8:7:${network}::1`)).status)
  }
  t.strictSame(statuses, [...Array<number>(8).fill(201), ...Array<number>(4).fill(429)])
  t.equal((await create('2001:db8:7:4600::1')).status, 201, 'another line')
  t.equal((await create('2001:db8:8:4500::1')).status, 201, 'another site')
})

t.test('a forged X-Forwarded-For buys nothing and lies to no phone', async (t) => {
  const { one } = await instances(t, { rates: { create: 2, phone: 9 } })
  const tickets = []
  for (const address of ['203.0.113.1', '203.0.113.2']) {
    tickets.push((await call(`${one}/ticket`, { method: 'POST', ...from(address) })).body)
  }
  limited(t, await call(`${one}/ticket`, { method: 'POST', ...from('203.0.113.3') }))
  for (const ticket of tickets) {
    const { body } = await clientOf(one).scan(ticket, 'alice')
    t.equal(body.requested_by.ip, '127.0.0.1')
  }
})

t.test('what a trusted proxy says is what the phone shows', async (t) => {
  const { one } = await instances(t, { trustProxy: ['127.0.0.1'] })
  for (const [header, ip] of [
    ['203.0.113.9', '203.0.113.9'],
    ['6.6.6.6, 203.0.113.9', '203.0.113.9'],
    ['203.0.113.9, 127.0.0.1', '203.0.113.9'],
    ['2001:db8::7', '2001:db8::7'],
    ['unknown', null],
  ] as const) {
    const { body } = await call(`${one}/ticket`, { method: 'POST', ...from(header) })
    const scanned = await clientOf(one).scan(body, 'alice')
    t.equal(scanned.body.requested_by.ip, ip, header)
  }
})

for (const { name, open } of databases) {
  t.test(`windows that have passed are forgotten, on ${name}`, async (t) => {
    const { db } = await open(t)
    await fill(db, 1_200, -1)
    await fill(db, 7, 60)
    const swept = []
    for (let i = 0; i < 4; i++) swept.push(await sweepRateLimits(db))
    t.strictSame(swept, [1_200, 0, 0, 0])
    const { rows } = await sql`select count(*)::int as left from rate_limits`.execute(db)
    t.strictSame(rows, [{ left: 7 }])
  })
}

/** Windows that end so many seconds from now. */
const fill = (db: Db, count: number, seconds: number) =>
  sql`
    insert into rate_limits (key, count, resets_at)
    select ${`${seconds}:`}::text || i, 1, now() + ${seconds}::int * interval '1 second'
    from generate_series(1, ${count}::int) as i
  `.execute(db)
