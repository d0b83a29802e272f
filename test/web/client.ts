import { jwtVerify } from 'jose'
import { sql } from 'kysely'
import t from 'tap'
import { ISSUER } from '../fixtures/app.ts'
import { between, codeOf, startService, type Ticket } from '../fixtures/browser/sign-in.ts'
import { until } from '../fixtures/browser/client-time.ts'
import { expire } from '../fixtures/tickets/time.ts'

/** What `signIn` tells on its way, and how it ends. */

const { db, phone, keys, open, statusOf } = await startService(t)

t.test('the token comes when the phone has confirmed, and every step is told once', async (t) => {
  const { time, proxy, told, begin, ticket, polls, requests } = await open(t)
  const outcome = begin()
  const { scene } = await ticket()
  between(t, await time.sleep(), 2_000)
  between(t, await time.sleep(), 2_000)
  await time.asleep()
  const scan = await phone.scan({ scene }, 'alice')
  between(t, await time.sleep(), 2_000)
  between(t, await time.sleep(), 1_000)
  await time.asleep()
  await phone.login({ scene }, 'alice')
  between(t, await time.sleep(), 1_000)
  const { token } = await outcome

  const { payload } = await jwtVerify(token, keys, { issuer: ISSUER, audience: 'web' })
  t.ok(payload.sub)
  t.same(
    told.map(({ status }) => status),
    ['loading', 'pending', 'scanned', 'confirmed'],
  )
  t.equal(told[0]?.ticket, undefined)
  t.match(told[1]?.ticket, {
    scene,
    codeUrl: `${proxy.url}/ticket/${scene}/qrcode`,
    image: null,
    link: null,
    matchCode: scan.body.match.code,
  })
  const secret = polls()[0]?.authorization?.split(' ')[1] as string
  t.ok(secret.length > 20)
  t.notOk(JSON.stringify(told).includes(secret), 'the secret is told to no listener')
  t.notOk(proxy.seen.some(({ path }) => path.includes(secret)))
  t.equal(requests('DELETE').length, 0)
  t.equal(proxy.mostOpen(), 1)
})

t.test(
  'expiresAt is a moment, which moves with the window and not with what is lost',
  async (t) => {
    const { time, told, proxy, begin, ticket, polls } = await open(t)
    const began = Date.now()
    begin()
    const { scene, expiresAt } = await ticket()
    t.ok(Math.abs(expiresAt - began - 120_000) < 1_000, 'two minutes from now')
    proxy.plan('GET', 'lost', 'lost')
    for (let n = 0; n < 4; n++) await time.sleep()
    await time.asleep()
    t.same(
      told.slice(1).map((status) => status.status),
      ['pending', 'offline', 'pending'],
    )
    t.equal(told.at(-2)?.ticket?.expiresAt, expiresAt)
    await phone.scan({ scene }, 'alice')
    await time.sleep()
    await until(() => told.at(-1)?.status === 'scanned')
    const window = (told.at(-1)?.ticket?.expiresAt as number) - began - time.now()
    t.ok(Math.abs(window - 120_000) < 1_000, 'two minutes from the scan')
    t.equal(polls().length, 5)
  },
)

t.test(
  'the pace is the service’s: interval and Retry-After, a little later, never earlier',
  async (t) => {
    for (const [random, factor] of [
      // Without any, a pause of four seconds would be taken for the limit of a poll.
      [0.01, 1.002],
      [0.999999, 1.2],
    ] as const) {
      await t.test(`with ${random} for luck`, async (t) => {
        t.intercept(Math, 'random', { value: () => random })
        const { time, proxy, told, begin, ticket } = await open(t)
        begin()
        await ticket()
        const pending = { status: 'pending', expires_in: 60, interval: 7.5 }
        const body = JSON.stringify(pending)
        const refused = JSON.stringify({ code: 'SLOW_DOWN' })
        proxy.plan(
          'GET',
          { status: 200, body },
          { status: 429, headers: { 'retry-after': '3' }, body: refused },
          { status: 503, headers: { 'retry-after': '40' }, body: refused },
          { status: 503, headers: { 'retry-after': '1' }, body: refused },
        )
        const slept = []
        for (let n = 0; n < 6; n++) slept.push(Math.round((await time.sleep()) / factor))
        t.same(slept, [2_000, 7_500, 3_000, 40_000, 4_000, 2_000])
        await time.asleep()
        t.same(
          told.map(({ status }) => status),
          ['loading', 'pending', 'busy', 'pending'],
        )
        t.equal(proxy.mostOpen(), 1)
      })
    }
  },
)

const ends: Record<string, (ticket: Ticket, secret: string) => Promise<unknown>> = {
  TICKET_DENIED: (ticket) => phone.deny(ticket, 'alice'),
  TICKET_EXPIRED: (ticket) => expire(db, ticket),
  TICKET_CANCELED: ({ scene }, secret) => phone.cancel({ scene, secret }),
  TICKET_CONSUMED: async ({ scene }, secret) => {
    await phone.login({ scene }, 'alice')
    await phone.poll({ scene, secret })
    await sql`
      update tickets set consumed_at = now() - interval '31 seconds' where scene = ${scene}
    `.execute(db)
  },
}

for (const [code, end] of Object.entries(ends)) {
  t.test(`${code} ends it`, async (t) => {
    const { time, told, begin, ticket, requests, polls } = await open(t)
    const outcome = begin()
    await ticket()
    await time.sleep()
    const waiting = await ticket()
    await end(waiting, polls()[0]?.authorization?.split(' ')[1] as string)
    await time.sleep()
    t.equal(await codeOf(outcome), code)
    t.same(told.at(-1)?.status, code.replace('TICKET_', '').toLowerCase())
    t.equal(requests('DELETE').length, 0, 'there is nothing left to cancel')
  })
}

t.test('a ticket whose row has gone has expired, if it was to', async (t) => {
  for (const [later, code, status] of [
    [130_000, 'TICKET_EXPIRED', 'expired'],
    [0, 'TICKET_NOT_FOUND', 'pending'],
  ] as const) {
    await t.test(code, async (t) => {
      const { time, told, begin, ticket } = await open(t)
      const outcome = begin()
      const { scene } = await ticket()
      await sql`delete from tickets where scene = ${scene}`.execute(db)
      time.pass(later)
      if (later === 0) await time.sleep()
      t.equal(await codeOf(outcome), code)
      t.equal(told.at(-1)?.status, status)
    })
  }
})

t.test('a refusal ends it with the service’s own code, and the ticket is canceled', async (t) => {
  const { time, proxy, begin, ticket, requests } = await open(t)
  const outcome = begin()
  const waiting = await ticket()
  proxy.plan('GET', { secret: 'not-the-one' })
  await time.sleep()
  t.equal(await codeOf(outcome), 'BAD_SECRET')
  await until(async () => (await statusOf(waiting)) === 'canceled')
  t.equal(requests('DELETE').length, 1)
})

t.test('a signal that has aborted already: no call is made', async (t) => {
  const reason = new Error('changed my mind')
  const { proxy, begin, told } = await open(t, { signal: AbortSignal.abort(reason) })
  await t.rejects(begin(), reason)
  t.same(told, [])
  t.same(proxy.seen, [])
})

t.test('a signal that aborts at the first status: no call is made either', async (t) => {
  const { proxy, begin, abort } = await open(t)
  const reason = new Error('changed my mind')
  await t.rejects(begin({ onStatus: () => abort.abort(reason) }), reason)
  t.same(proxy.seen, [])
})

t.test(
  'a signal that aborts later: the reason comes at once, and the ticket is canceled',
  async (t) => {
    const reason = new Error('changed my mind')

    await t.test('while a ticket is being created', async (t) => {
      const { proxy, begin, abort, requests } = await open(t)
      proxy.plan('POST', 'stuck')
      const outcome = begin()
      await until(() => requests('POST').length === 1)
      abort.abort(reason)
      await t.rejects(outcome, reason)
    })

    await t.test('during a call', async (t) => {
      const { time, proxy, begin, ticket, abort, polls, requests } = await open(t)
      const outcome = begin()
      const waiting = await ticket()
      proxy.plan('GET', 'stuck')
      await time.sleep()
      await until(() => polls().length === 1)
      abort.abort(reason)
      await t.rejects(outcome, reason)
      await until(async () => (await statusOf(waiting)) === 'canceled')
      t.equal(requests('DELETE').length, 1)
    })

    await t.test('during a pause', async (t) => {
      const { begin, ticket, abort, requests, told } = await open(t)
      const outcome = begin()
      const waiting = await ticket()
      abort.abort(reason)
      await t.rejects(outcome, reason)
      await until(async () => (await statusOf(waiting)) === 'canceled')
      t.equal(requests('DELETE').length, 1)
      t.equal(told.at(-1)?.status, 'pending')
    })

    await t.test('while the network is gone', async (t) => {
      const { time, proxy, begin, ticket, abort } = await open(t)
      const outcome = begin()
      await ticket()
      proxy.plan('GET', 'lost')
      proxy.plan('DELETE', 'lost')
      await time.sleep()
      await time.asleep()
      abort.abort(reason)
      await t.rejects(outcome, reason)
    })

    await t.test('but not a ticket that has delivered', async (t) => {
      const { time, begin, ticket, abort, requests } = await open(t)
      const outcome = begin()
      await phone.login(await ticket(), 'alice')
      await time.sleep()
      await outcome
      abort.abort(reason)
      t.equal(requests('DELETE').length, 0)
    })
  },
)
