import t, { type Test } from 'tap'
import { startApp } from '../../fixtures/app.ts'
import { call, clientOf, type Answer, type Created } from '../../fixtures/network/client.ts'

const { url } = await startApp(t)
const { create, poll, scan, login } = clientOf(url)

const guess = (ticket: { scene: string }, secret: string) =>
  call(`${url}/ticket/${ticket.scene}`, { headers: { authorization: `Bearer ${secret}` } })

function slowDown(t: Test, answer: Answer): void {
  t.match(answer, { status: 429, body: { statusCode: 429, code: 'SLOW_DOWN' } })
  t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/)
  t.equal(answer.headers.get('cache-control'), 'no-store')
}

/** Polls without a pause until it is refused; so many polls were answered, in so many seconds. */
async function hammer(ticket: Created): Promise<{ served: number; seconds: number; last: Answer }> {
  const start = performance.now()
  for (let served = 0; ; served++) {
    const last = await poll(ticket)
    const seconds = (performance.now() - start) / 1000
    if (last.status !== 200 || served > 200) return { served, seconds, last }
  }
}

t.test('a burst is free, and faster than half the interval for longer is not', async (t) => {
  for (const [state, everySeconds] of [
    ['pending', 1],
    ['scanned', 0.5],
  ] as const) {
    const ticket = await create()
    if (state === 'scanned') await scan(ticket, 'alice')
    const { served, seconds, last } = await hammer(ticket)
    slowDown(t, last)
    t.ok(served >= 10, `${served} polls were free`)
    t.ok(served <= 2 + (10 + seconds) / everySeconds, `${served} polls in ${seconds} s, ${state}`)
  }
})

t.test('what was free while pending is not held against a scanned ticket', async (t) => {
  const ticket = await create()
  for (let i = 0; i < 8; i++) t.equal((await poll(ticket)).status, 200)
  await scan(ticket, 'alice')
  t.match(await poll(ticket), { status: 200, body: { status: 'scanned' } })
})

t.test(
  'a refused poll does not move the clock: who hammers on is served at the pace',
  async (t) => {
    const ticket = await create()
    await hammer(ticket)
    const start = performance.now()
    const refusals = []
    for (let i = 0; i < 3; i++) refusals.push(await refusalsUntilServed(ticket))
    const seconds = (performance.now() - start) / 1000
    t.ok(seconds > 1.5, `three polls in ${seconds} s: the burst is not back`)
    t.ok(Math.max(...refusals) > 3, `${refusals} refusals`)
  },
)

/** Polls without a pause; so many polls were refused before one was served. */
async function refusalsUntilServed(ticket: Created): Promise<number> {
  const deadline = performance.now() + 10_000
  for (let refusals = 0; performance.now() < deadline; refusals++) {
    const { status } = await poll(ticket)
    if (status === 200) return refusals
  }
  throw new Error('it was never served again')
}

t.test('the pace is the ticket’s, not the address’s', async (t) => {
  const one = await create()
  const two = await create()
  await hammer(one)
  t.equal((await poll(two)).status, 200)
  const office = await Promise.all(Array.from({ length: 60 }, create))
  const answers = await Promise.all(office.map(poll))
  t.strictSame([...new Set(answers.map(({ status }) => status))], [200])
})

t.test('a stranger can neither use the pace up nor learn it', async (t) => {
  const ticket = await create()
  for (let i = 0; i < 40; i++) t.equal((await guess(ticket, `wrong-${i}`)).status, 401)
  for (let i = 0; i < 8; i++) t.equal((await poll(ticket)).status, 200)

  const hammered = await create()
  await hammer(hammered)
  const quiet = await create()
  const answers = [await guess(hammered, 'wrong'), await guess(quiet, 'wrong')]
  t.strictSame(answers[0]?.body, answers[1]?.body)
  t.equal(answers[0]?.status, 401)
  t.equal(answers[0]?.headers.get('retry-after'), null)
})

t.test('the pace of one’s own ticket is no key to another’s', async (t) => {
  const mine = await create()
  const theirs = await create()
  for (let i = 0; i < 20; i++) t.equal((await guess(theirs, mine.secret)).status, 401)
  t.equal((await poll(mine)).status, 200)
  t.equal((await poll(theirs)).status, 200)
})

t.test('a token is delivered in spite of a hasty past, as soon as it is time', async (t) => {
  const ticket = await create()
  await hammer(ticket)
  await login(ticket, 'alice')
  await refusalsUntilServed(ticket)
  t.match(await poll(ticket), { status: 200, body: { status: 'confirmed', token: String } })
})

t.test('the misses of strangers are limited, the holder beside them polls on', async (t) => {
  const { url } = await startApp(t)
  const client = clientOf(url)
  const ticket = await client.create()
  const misses = [
    () => call(`${url}/ticket/${ticket.scene}`),
    () => call(`${url}/ticket/${ticket.scene}`, { method: 'DELETE' }),
    () => call(`${url}/ticket/${'A1'.repeat(11)}`),
    () => call(`${url}/ticket/${'A1'.repeat(11)}/qrcode`),
    () => call(`${url}/no/such/path`),
  ]
  const start = performance.now()
  let made = 0
  let last: Answer
  do last = await (misses[made++ % misses.length] as (typeof misses)[0])()
  while ((last.status === 401 || last.status === 404) && made < 2_000)
  const seconds = (performance.now() - start) / 1000

  t.match(last, { status: 429, body: { statusCode: 429, code: 'RATE_LIMITED' } })
  t.match(last.headers.get('retry-after'), /^[1-9]\d*$/)
  t.ok(made > 100, `an office may err: ${made} misses`)
  t.ok(made < 140 + 2 * seconds, `${made} misses in ${seconds} s`)
  t.equal((await client.poll(ticket)).status, 200)
  t.equal((await call(`${url}/ticket/${ticket.scene}/qrcode`)).status, 200)
  t.equal((await call(`${url}/ticket`, { method: 'POST' })).status, 201)
  t.equal((await client.cancel(ticket)).status, 204)
})
