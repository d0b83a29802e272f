import { setImmediate as turn } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { until } from '../fixtures/browser/client-time.ts'
import { between, startService } from '../fixtures/browser/sign-in.ts'

/** `signIn` in a tab: hidden, shown, clicked. */

const { phone, open } = await startService(t)

/** A tab, as far as the client looks at it. */
function tab(t: Test) {
  const page = { visibilityState: 'visible' }
  const world = new EventTarget()
  t.intercept(globalThis, 'document' as never, { value: page as never })
  for (const name of ['addEventListener', 'removeEventListener'] as const) {
    t.intercept(globalThis, name, { value: world[name].bind(world) as never })
  }
  return {
    turn: (state: 'hidden' | 'visible') => {
      page.visibilityState = state
      world.dispatchEvent(new Event('visibilitychange'))
    },
    /** What happens on it. */
    hear: (type: 'online' | 'click' | 'focus') => void world.dispatchEvent(new Event(type)),
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
  const { turn: turnTab, hear } = tab(t)
  const { time, proxy, begin, ticket, polls } = await open(t)
  begin()
  await ticket()
  proxy.plan('GET', 'lost', 'lost', 'lost')
  for (let n = 0; n < 3; n++) await time.sleep()
  between(t, await time.asleep(), 4_000)
  hear('online')
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
  const { turn: turnTab, hear } = tab(t)
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
  hear('online')
  t.equal(await time.asleep(), 20_000, 'as long as was asked for, without the jitter')
  turnTab('hidden')
  time.pass(15_000)
  turnTab('visible')
  t.equal(await time.sleep(), 5_000)
  await until(() => polls().length === 2)
  hear('online')
  turnTab('hidden')
  turnTab('visible')
  await turn()
  answer()
  between(t, await time.asleep(), 2_000)
  t.equal(polls().length, 2)
  t.equal(proxy.mostOpen(), 1)
})

t.test('after trouble a click asks at once, and says so; otherwise it does nothing', async (t) => {
  const { hear } = tab(t)
  const { time, proxy, told, begin, ticket, polls } = await open(t)
  begin()
  await ticket()
  hear('click')
  hear('focus')
  between(t, await time.asleep(), 2_000)
  t.equal(polls().length, 0, 'all is well')
  proxy.plan('GET', 'lost', 'lost', 'lost', 'lost')
  for (let n = 0; n < 3; n++) await time.sleep()
  between(t, await time.asleep(), 4_000)
  hear('click')
  await until(() => polls().length === 4)
  between(t, await time.asleep(), 8_000)
  hear('focus')
  await until(() => polls().length === 5)
  between(t, await time.asleep(), 2_000)
  t.same(
    told.map(({ status }) => status),
    ['loading', 'pending', 'offline', 'loading', 'offline', 'pending'],
  )
})

t.test('a click ends no Retry-After', async (t) => {
  const { hear } = tab(t)
  const { time, proxy, told, begin, ticket, polls } = await open(t)
  begin()
  await ticket()
  proxy.plan('GET', { status: 503, headers: { 'retry-after': '30' }, body: '{}' })
  await time.sleep()
  t.ok((await time.asleep()) >= 30_000)
  time.pass(10_000)
  hear('click')
  t.equal(await time.asleep(), 20_000)
  t.equal(told.at(-1)?.status, 'busy')
  t.equal(polls().length, 1)
  await time.sleep()
  await until(() => polls().length === 2)
})
