import { setImmediate as turn } from 'node:timers/promises'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { signIn, SignInError, type SignInStatus } from '../../src/web/client.ts'
import { ISSUER, startApp } from '../fixtures/app.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { expire } from '../fixtures/tickets/time.ts'
import { CALL_LIMIT_MS, clientTime, until } from '../fixtures/browser/client-time.ts'
import { faultyProxy, type Fault } from '../fixtures/network/faulty-proxy.ts'

const { url: service, db } = await startApp(t)
const phone = clientOf(service)
const keys = createRemoteJWKSet(new URL(`${service}/.well-known/jwks.json`))

type Ticket = NonNullable<SignInStatus['ticket']>

/** One person at one browser, with a bad network in between. */
async function open(t: Test, options: { path?: string; signal?: AbortSignal } = {}) {
  const time = clientTime(t)
  const proxy = await faultyProxy(t, { service, now: time.now })
  const abort = new AbortController()
  const told: SignInStatus[] = []
  const onStatus = (status: SignInStatus): void => void told.push(status)
  const { path = '', signal = abort.signal } = options

  /** What the promise becomes, so that a test may look when it wants. */
  const begin = (more: { onStatus?: typeof onStatus } = {}): Promise<{ token: string }> => {
    const token = signIn({ baseUrl: proxy.url + path, signal, onStatus, ...more })
    const outcome = token.then((token) => ({ token }))
    outcome.catch(() => {})
    return outcome
  }
  const ticket = async (): Promise<Ticket> => {
    await time.asleep()
    return told.at(-1)?.ticket as Ticket
  }
  const requests = (method: string) => proxy.seen.filter((request) => request.method === method)
  t.teardown(() => abort.abort())
  return { time, proxy, told, begin, ticket, abort, requests, polls: () => requests('GET') }
}

const between = (t: Test, ms: number, least: number): void => {
  t.ok(ms >= least && ms <= least * 1.2, `${ms} is ${least} and at most a fifth more`)
}

const statusOf = async ({ scene }: { scene: string }): Promise<string | undefined> => {
  const { rows } = await sql<{ status: string }>`
    select status from tickets where scene = ${scene}
  `.execute(db)
  return rows[0]?.status
}

const codeOf = (outcome: Promise<unknown>): Promise<string> =>
  outcome.then(
    () => 'no error',
    (error: unknown) => {
      if (error instanceof SignInError) return error.code
      throw error
    },
  )

t.test('the token comes when somebody has confirmed, and every step is told once', async (t) => {
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
    link: null,
    matchCode: scan.body.match.code,
  })
  const secret = polls()[0]?.authorization?.split(' ')[1] as string
  t.ok(secret.length > 20)
  t.notOk(JSON.stringify(told).includes(secret), 'the secret is nobody else’s')
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
      [0, 1],
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

t.test(
  'trouble is tried again after 1, 2, 4 … 30 seconds, and forgotten when it ends',
  async (t) => {
    const { time, proxy, told, begin, ticket, polls } = await open(t)
    begin()
    await ticket()
    const faults: Fault[] = [
      'lost',
      'answer lost',
      'answer cut',
      { status: 502 },
      { status: 500, body: '{"code":"INTERNAL"}', headers: { 'content-type': 'application/json' } },
      { status: 503 },
      { status: 200 },
    ]
    proxy.plan('GET', ...faults)
    const waits = []
    between(t, await time.sleep(), 2_000)
    for (const least of [1, 2, 4, 8, 16, 30, 30]) {
      const ms = await time.sleep()
      between(t, ms, least * 1_000)
      waits.push(ms)
    }
    between(t, await time.sleep(), 2_000)
    await time.asleep()
    t.equal(polls().length, 9)
    t.equal(proxy.mostOpen(), 1)
    t.same(
      told.map(({ status }) => status),
      ['loading', 'pending', 'offline', 'busy', 'offline', 'pending'],
      'the first loss is nothing to tell',
    )
    proxy.plan('GET', 'lost')
    await time.sleep()
    between(t, await time.sleep(), 1_000)
  },
)

t.test('a call that nobody answers is given up after ten seconds, and tried again', async (t) => {
  const { time, proxy, told, begin, polls, requests } = await open(t)
  proxy.plan('POST', 'stuck')
  proxy.plan('GET', 'stuck')
  begin()
  await until(() => requests('POST').length === 1)
  time.pass(CALL_LIMIT_MS)
  between(t, await time.sleep(), 1_000)
  await time.sleep()
  await until(() => polls().length === 1)
  time.pass(CALL_LIMIT_MS)
  between(t, await time.sleep(), 1_000)
  await until(() => polls().length === 2)
  await time.asleep()
  t.same(
    told.map(({ status }) => status),
    ['loading', 'pending'],
  )
})

t.test('a ticket that cannot be created yet is created later', async (t) => {
  const { time, proxy, told, begin, ticket, requests } = await open(t)
  proxy.plan(
    'POST',
    'lost',
    'answer lost',
    { status: 200 },
    { status: 200, headers: { 'content-type': 'application/json' }, body: '{"portal":"welcome"}' },
    { status: 429, headers: { 'retry-after': '20' }, body: '{"code":"RATE_LIMITED"}' },
  )
  const outcome = begin()
  for (const least of [1, 2, 4, 8, 20]) between(t, await time.sleep(), least * 1_000)
  const { scene } = await ticket()
  t.equal(requests('POST').length, 6)
  t.same(
    told.map(({ status }) => status),
    ['loading', 'offline', 'busy', 'pending'],
  )
  await phone.login({ scene }, 'bob')
  await time.sleep()
  t.match(await outcome, { token: /^ey/ })
})

t.test('an answer that comes twice, late or never loses no login', async (t) => {
  const { time, proxy, told, begin, ticket, polls } = await open(t)
  const outcome = begin()
  const { scene } = await ticket()
  proxy.plan('GET', 'twice', 'old answer', 'twice', 'answer lost', 'answer cut', 'twice')
  await time.sleep()
  await time.asleep()
  await phone.scan({ scene }, 'carol')
  await time.sleep()
  await time.asleep()
  t.equal(told.at(-1)?.status, 'pending', 'the scan is not heard of yet')
  await time.sleep()
  await until(() => told.at(-1)?.status === 'scanned')
  await time.asleep()
  await phone.login({ scene }, 'carol')
  for (let n = 0; n < 3; n++) await time.sleep()
  const { token } = await outcome
  await jwtVerify(token, keys, { issuer: ISSUER, audience: 'web' })
  t.equal(polls().length, 6)
  t.equal(proxy.mostOpen(), 1)
})

t.test('what was scanned does not become pending again by an old answer', async (t) => {
  const { time, proxy, told, begin, ticket } = await open(t)
  const outcome = begin()
  const { scene } = await ticket()
  const old = { scene, status: 'pending', expires_in: 100, interval: 2 }
  await phone.scan({ scene }, 'alice')
  proxy.plan(
    'GET',
    { status: 200, body: JSON.stringify({ ...old, status: 'scanned' }) },
    {
      status: 200,
      body: JSON.stringify(old),
    },
  )
  await time.sleep()
  await time.sleep()
  await time.asleep()
  t.same(
    told.map(({ status }) => status),
    ['loading', 'pending', 'scanned'],
  )
  await phone.login({ scene }, 'alice')
  await time.sleep()
  await outcome
})

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

t.test('what is not ScenePass says so', async (t) => {
  const wrongPath = await open(t, { path: '/elsewhere' })
  t.equal(await codeOf(wrongPath.begin()), 'NOT_FOUND')
  await t.test('nor a server of another kind', async (t) => {
    const { proxy, begin } = await open(t)
    proxy.plan('POST', { status: 404 })
    t.equal(await codeOf(begin()), 'HTTP_404')
  })
})

t.test('who has given up before asks nobody', async (t) => {
  const reason = new Error('changed my mind')
  const { proxy, begin, told } = await open(t, { signal: AbortSignal.abort(reason) })
  await t.rejects(begin(), reason)
  t.same(told, [])
  t.same(proxy.seen, [])
})

t.test('who gives up on the first word asks nobody either', async (t) => {
  const { proxy, begin, abort } = await open(t)
  const reason = new Error('changed my mind')
  await t.rejects(begin({ onStatus: () => abort.abort(reason) }), reason)
  t.same(proxy.seen, [])
})

t.test('who gives up has the reason at once, and the ticket is canceled', async (t) => {
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
})

/** A tab, as far as the client looks at it. */
function tab(t: Test) {
  const page = Object.assign(new EventTarget(), { visibilityState: 'visible' })
  const world = new EventTarget()
  t.intercept(globalThis, 'document' as never, { value: page as never })
  for (const name of ['addEventListener', 'removeEventListener'] as const) {
    t.intercept(globalThis, name, { value: world[name].bind(world) as never })
  }
  return {
    turn: (state: 'hidden' | 'visible') => {
      page.visibilityState = state
      page.dispatchEvent(new Event('visibilitychange'))
    },
    online: () => void world.dispatchEvent(new Event('online')),
  }
}

t.test('nothing is asked while nobody sees the tab, and at once when somebody does', async (t) => {
  const { turn: turnTab } = tab(t)
  const { time, proxy, told, begin, ticket, polls, requests } = await open(t)
  turnTab('hidden')
  const outcome = begin()
  time.pass(60_000)
  await turn()
  t.same(proxy.seen, [], 'no ticket for a tab in the background')
  t.same(told, [])
  turnTab('visible')
  const { scene } = await ticket()
  await time.sleep()
  await time.asleep()
  turnTab('hidden')
  time.pass(100_000)
  await turn()
  t.equal(polls().length, 1)
  await phone.login({ scene }, 'alice')
  turnTab('visible')
  t.match(await outcome, { token: /^ey/ })
  t.equal(polls().length, 2)
  t.equal(requests('POST').length, 1)
})

t.test('a tab that shows, or a network that returns, ends a backoff', async (t) => {
  const { turn: turnTab, online } = tab(t)
  const { time, proxy, begin, ticket, polls } = await open(t)
  begin()
  await ticket()
  proxy.plan('GET', 'lost', 'lost', 'lost')
  for (let n = 0; n < 3; n++) await time.sleep()
  between(t, await time.asleep(), 4_000)
  online()
  await until(() => polls().length === 4)
  between(t, await time.asleep(), 2_000)
  proxy.plan('GET', 'lost', 'lost')
  await time.sleep()
  await time.sleep()
  between(t, await time.asleep(), 2_000)
  turnTab('hidden')
  turnTab('visible')
  await until(() => polls().length === 7)
  await time.asleep()
  t.equal(proxy.mostOpen(), 1)
})

t.test('neither ends a Retry-After, nor makes a second call of one under way', async (t) => {
  const { turn: turnTab, online } = tab(t)
  const { time, proxy, begin, ticket, polls } = await open(t)
  begin()
  await ticket()
  const slow = { status: 429, headers: { 'retry-after': '30' }, body: '{"code":"SLOW_DOWN"}' }
  let answer = () => {}
  proxy.plan('GET', slow, { until: new Promise<void>((resolve) => (answer = resolve)) })
  await time.sleep()
  const pause = await time.asleep()
  t.ok(pause >= 30_000)
  time.pass(10_000)
  online()
  t.equal(await time.asleep(), 20_000, 'as long as was asked for, without the jitter')
  turnTab('hidden')
  time.pass(15_000)
  turnTab('visible')
  t.equal(await time.sleep(), 5_000)
  await until(() => polls().length === 2)
  online()
  turnTab('hidden')
  turnTab('visible')
  await turn()
  answer()
  between(t, await time.asleep(), 2_000)
  t.equal(polls().length, 2)
  t.equal(proxy.mostOpen(), 1)
})
