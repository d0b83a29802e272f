import { jwtVerify } from 'jose'
import t from 'tap'
import { ISSUER } from '../fixtures/app.ts'
import { CALL_LIMIT_MS, SILENCE_MS, until } from '../fixtures/browser/client-time.ts'
import { between, codeOf, startService } from '../fixtures/browser/sign-in.ts'
import type { Fault } from '../fixtures/network/faulty-proxy.ts'

/** `signIn` over a bad network. */

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

t.test(
  'a silence is told of after four seconds; a poll is given up then, other calls later',
  async (t) => {
    const { time, proxy, told, begin, polls, requests } = await open(t)
    const statuses = () => told.map(({ status }) => status)
    proxy.plan('POST', 'stuck')
    proxy.plan('GET', 'stuck')
    begin()
    await until(() => requests('POST').length === 1)
    time.pass(SILENCE_MS - 1)
    t.same(statuses(), ['loading'])
    time.pass(1)
    t.same(statuses(), ['loading', 'offline'], 'it may still be answered')
    time.pass(CALL_LIMIT_MS - SILENCE_MS)
    between(t, await time.sleep(), 1_000)
    await time.sleep()
    t.same(statuses(), ['loading', 'offline', 'pending'])
    await until(() => polls().length === 1)
    time.pass(SILENCE_MS)
    t.equal(statuses().at(-1), 'offline')
    between(t, await time.sleep(), 1_000)
    await until(() => polls().length === 2)
    await time.asleep()
    t.equal(statuses().at(-1), 'pending')
  },
)

t.test('what is slow is told of, and comes', async (t) => {
  const { time, proxy, told, begin, ticket, requests } = await open(t)
  let answer = () => {}
  proxy.plan('POST', { until: new Promise<void>((resolve) => (answer = resolve)) })
  begin()
  await until(() => requests('POST').length === 1)
  time.pass(CALL_LIMIT_MS - 1)
  answer()
  await ticket()
  t.same(
    told.map(({ status }) => status),
    ['loading', 'offline', 'pending'],
  )
  t.equal(requests('POST').length, 1)
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
