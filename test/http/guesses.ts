import { sql } from 'kysely'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { startApp } from '../fixtures/app.ts'
import { call, clientOf, type Answer } from '../fixtures/network/client.ts'

/** Threats 20 and 22: a stranger or a fool at an address, and the honest who share it. */

const RATES = { create: 10_000, phone: 60 }
let invented = 0
const another = (): string => `invented_by_a_stranger_${invented++}`

/** Sends until it is refused, and then once more for each of the probes that are still worked on. */
async function exhaust(t: Test, send: () => Promise<Answer>): Promise<void> {
  for (let i = 0; i < 20; i++) {
    const answers = await Promise.all(Array.from({ length: 15 }, send))
    if (i > 10 && answers.every(({ status }) => status === 429)) return
  }
  t.fail('it is never refused')
}

t.test('invented scenes keep no phone of the address from its own', async (t) => {
  const { url } = await startApp(t, { rates: RATES })
  const { create, poll, scan, login } = clientOf(url)
  const before = await create()
  await exhaust(t, () => call(`${url}/login`, { json: { code: another(), scene: another() } }))
  const flood = setInterval(() => {
    call(`${url}/login`, { json: { code: another(), scene: another() } }).catch(() => {})
  }, 2)
  t.teardown(() => clearInterval(flood))
  for (const ticket of [before, await create(), await create(), await create()]) {
    t.equal((await poll(ticket)).status, 200)
    t.equal((await call(`${url}/ticket/${ticket.scene}/qrcode`)).status, 200)
    t.equal((await scan(ticket, 'alice')).status, 200)
    t.equal((await login(ticket, 'alice')).status, 200)
    t.match((await poll(ticket)).body, { token: String })
  }
})

t.test('junk codes for one ticket keep no phone of the address from another', async (t) => {
  const { url } = await startApp(t, { rates: RATES })
  const { create, scan, login } = clientOf(url)
  const own = await create()
  await exhaust(t, () => call(`${url}/login`, { json: { code: another(), scene: own.scene } }))
  const ticket = await create()
  t.equal((await scan(ticket, 'alice')).status, 200)
  t.equal((await login(ticket, 'alice')).status, 200)
  t.equal((await login(null, 'alice')).status, 200)
})

t.test('of calls without a ticket some are worked on: one may be honest', async (t) => {
  const { url } = await startApp(t, { rates: RATES })
  const { login } = clientOf(url)
  await exhaust(t, () => call(`${url}/login`, { json: { code: another() } }))
  await new Promise((resolve) => setTimeout(resolve, 1_100))
  t.equal((await login(null, 'alice')).status, 200)
})

t.test('the scene of a ticket that is gone is a guess again', async (t) => {
  const { url, db } = await startApp(t, { rates: RATES })
  const tickets = await Promise.all(Array.from({ length: 300 }, () => clientOf(url).create()))
  await sql`delete from tickets`.execute(db)
  await exhaust(t, () => call(`${url}/ticket/${another()}`))
  const queries = t.capture(Client.prototype, 'query', Client.prototype.query)
  let refused = 0
  for (let round = 0; round < 3; round++) {
    for (const { scene } of tickets) {
      refused += Number((await call(`${url}/ticket/${scene}/qrcode`)).status === 429)
    }
  }
  t.ok(refused > 850, `${refused} of 900 are refused`)
  const { length } = queries()
  t.ok(length < 450, `${length} statements: each was known once`)
})

t.test('a right secret has a pace whatever became of its ticket', async (t) => {
  const { url, db } = await startApp(t, { rates: RATES })
  const { create, poll, cancel, login } = clientOf(url)
  const swept = await create()
  await sql`delete from tickets`.execute(db)
  const decided = await create()
  await login(decided, 'alice')
  const canceled = await create()
  const ways: Record<string, [() => Promise<Answer>, number, string]> = {
    'polls of one that was swept': [() => poll(swept), 404, 'SLOW_DOWN'],
    'canceling one that was swept': [() => cancel(swept), 404, 'RATE_LIMITED'],
    'canceling one that is confirmed': [() => cancel(decided), 409, 'RATE_LIMITED'],
    'canceling one again and again': [() => cancel(canceled), 204, 'RATE_LIMITED'],
  }
  for (const [name, [way, status, code]] of Object.entries(ways)) {
    const answers: Answer[] = []
    for (let i = 0; i < 60; i++) answers.push(await way())
    const [first, last] = [answers[0], answers.at(-1)]
    // The first way has used up the pace of the second.
    if (name !== 'canceling one that was swept') t.equal(first?.status, status, name)
    t.match(last, { status: 429, body: { code } }, name)
    t.match(last?.headers.get('retry-after'), /^[1-9]\d*$/)
  }
})

t.test('a line with many networks has few budgets', async (t) => {
  const { url } = await startApp(t, { rates: RATES, trustProxy: ['loopback'] })
  const from = (network: number) =>
    call(`${url}/ticket/${another()}`, {
      headers: { 'x-forwarded-for': `2001:db8:0:${network.toString(16)}::1` },
    })
  let refused = 0
  for (let network = 0; network < 256; network++) {
    const answers = await Promise.all(Array.from({ length: 4 }, () => from(network)))
    refused += answers.filter(({ status }) => status === 429).length
  }
  t.ok(refused > 300, `${refused} of 1,024`)
  t.equal((await from(0x100)).status, 404, 'the next line is another')
})
