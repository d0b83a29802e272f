import { setImmediate as turn } from 'node:timers/promises'
import { jwtVerify } from 'jose'
import t, { type Test } from 'tap'
import { ISSUER } from '../fixtures/app.ts'
import { CALL_LIMIT_MS, until } from '../fixtures/browser/client-time.ts'
import { between, codeOf, startService } from '../fixtures/browser/sign-in.ts'
import type { Fault } from '../fixtures/network/faulty-proxy.ts'

/** `signIn` over a bad network, and in a tab that is hidden. */

const { phone, keys, open } = await startService(t)

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

t.test('a call without an answer is given up after ten seconds, and tried again', async (t) => {
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

t.test('a refusal by something other than ScenePass has a code, too', async (t) => {
  const wrongPath = await open(t, { path: '/elsewhere' })
  t.equal(await codeOf(wrongPath.begin()), 'NOT_FOUND')
  await t.test('by a server of another kind', async (t) => {
    const { proxy, begin } = await open(t)
    proxy.plan('POST', { status: 404 })
    t.equal(await codeOf(begin()), 'HTTP_404')
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

t.test('a hidden tab makes no call, and one that shows makes it at once', async (t) => {
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
