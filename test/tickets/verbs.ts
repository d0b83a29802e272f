import t from 'tap'
import { newScene } from '../../src/tickets/secret.ts'
import { createStatusLoader } from '../../src/tickets/status-loader.ts'
import type { TicketRules } from '../../src/tickets/ticket.ts'
import {
  bindVerbs,
  type Caller,
  type Outcome,
  type Tickets,
  type Transition,
} from '../../src/tickets/verbs.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'
import {
  alice,
  arrange,
  bob,
  requester,
  situations,
  trail,
  wrongSecret,
  type Arranged,
  type Situation,
} from '../fixtures/tickets/arrange.ts'
import { movesDeadline, outcome, trailOf } from '../fixtures/tickets/observe.ts'
import { layInStock } from '../fixtures/tickets/stock.ts'

/** Each verb tells exactly one transition, from its own result. */

const { db } = await postgresDb(t)
const rules: TicketRules = {
  windows: { ticket: 111, confirm: 77, pickup: 55 },
  matchMode: 'show',
  codeStock: 0,
  urlLink: false,
}
const told: [Transition, Caller][] = []

const bind = (stock: string | null): Tickets =>
  bindVerbs(db, {
    rules,
    stock: { miniprogram: stock, official_account: null },
    loader: createStatusLoader(db),
    onTransition: (...each) => told.push(each),
  })
const tickets = bind(null)

let calls = 0

/** What a call tells; all of it for the caller that it was made for. */
async function tells(
  work: (caller: Caller) => Promise<unknown>,
  expected = 'ok',
): Promise<Transition[]> {
  const caller = { id: `call-${++calls}` }
  const heard = await outcome(work(caller))
  if (heard !== expected) throw new Error(`${heard}, not ${expected}`)
  return told.splice(0).map(([transition, its]) => {
    if (its !== caller) throw new Error(`told for ${its.id}, not for ${caller.id}`)
    return transition
  })
}

type Move = (ticket: Arranged, caller: Caller) => Promise<unknown>
const confirmBy =
  (identity: typeof alice): Move =>
  ({ scene, userId, token }, caller) =>
    tickets.confirm({ scene, identity, userId, token, trail }, caller)

/** From where each verb moves a ticket, and what became of it then. */
const moves: [from: Situation, outcome: Outcome, move: Move][] = [
  ['pending', 'scanned', ({ scene }, caller) => tickets.scan({ scene, identity: alice }, caller)],
  ['pending', 'confirmed', confirmBy(alice)],
  ['scanned', 'confirmed', confirmBy(alice)],
  ['scanned', 'denied', ({ scene }, caller) => tickets.deny({ scene, identity: alice }, caller)],
  ['scanned', 'canceled', (ticket, caller) => tickets.cancel(ticket, caller)],
  ['confirmed', 'delivered', (ticket, caller) => tickets.poll(ticket, caller)],
]

/** Of a decision, who decided. */
const detailsOf = ({ userId }: Arranged): Partial<Record<Outcome, object>> => ({
  confirmed: { user: userId },
  denied: { user: null, reason: 'declined' },
})

t.test('a new ticket is told, and whether its code came out of the stock', async (t) => {
  const created = { outcome: 'created', first: true }
  const scene = newScene()
  const own = await tells((caller) => tickets.create({ scene, requester }, caller))
  t.strictSame(own, [{ ...created, scene, details: {} }])

  const [laid] = await layInStock(db, 1, 'ours')
  const stocked = bind('ours')
  const taken = await tells((caller) => stocked.create({ requester }, caller))
  t.strictSame(taken, [{ ...created, scene: laid, details: { stock: true } }])
  const next = await tells((caller) => stocked.create({ requester }, caller))
  t.strictSame(next, [{ ...created, scene: next[0]?.scene, details: {} }], 'it is empty now')
})

for (const [from, became, move] of moves) {
  t.test(`${from} → ${became} is told as the first, and then as another`, async (t) => {
    const ticket = await arrange(db, from)
    const { scene } = ticket
    for (const first of [true, false, false]) {
      const heard = await tells((caller) => move(ticket, caller))
      const [{ age, details, ...transition } = {} as Transition] = heard
      t.strictSame([heard.length, transition], [1, { scene, outcome: became, first }])
      t.equal(typeof age, first && became === 'confirmed' ? 'number' : 'undefined')
      t.strictSame(details, detailsOf(ticket)[became])
    }
  })

  t.test(`of ten calls at once that bring ${from} to ${became} one is the first`, async (t) => {
    const ticket = await arrange(db, from)
    const caller = { id: 'one of ten' }
    await Promise.all(Array.from({ length: 10 }, () => move(ticket, caller)))
    const all = told.splice(0).map(([transition]) => transition)
    t.equal(all.length, 10)
    t.ok(all.every((each) => each.scene === ticket.scene && each.outcome === became))
    t.equal(all.filter(({ first }) => first).length, 1)
  })
}

t.test('a denial tells its reason, and whose it was', async (t) => {
  const { scene } = await arrange(db, 'scanned')
  const [userId, reason] = ['f11868ab-991f-4485-91b9-293c6b7e07d9', 'wrong_match_code'] as const
  const denial = { scene, identity: alice, userId, reason, trail }
  const details = { user: userId, reason }
  for (const first of [true, false]) {
    const heard = await tells((caller) => tickets.deny(denial, caller))
    t.strictSame(heard, [{ scene, outcome: 'denied', first, details }])
  }
  t.match(await trailOf(db, scene), [{ reason }])
})

t.test('what moves no ticket tells nothing', async (t) => {
  for (const situation of situations) {
    const ticket = await arrange(db, situation)
    t.strictSame(await tells(() => tickets.find(ticket.scene)), [], `${situation}: a look`)
    if (situation === 'confirmed' || situation === 'delivered') continue
    const heard = await tells((caller) => tickets.poll(ticket, caller))
    t.strictSame(heard, [], `${situation}: a poll without a token`)
  }
})

t.test('a refusal tells nothing', async (t) => {
  const ticket = await arrange(db, 'scanned')
  const { scene } = ticket
  const theirs = { scene, identity: bob }
  const stranger = { scene, secretHash: wrongSecret }
  const refusals: [string, (caller: Caller) => Promise<unknown>][] = [
    ['SCENE_TAKEN', (caller) => tickets.create({ scene, requester }, caller)],
    ['SCANNED_BY_ANOTHER', (caller) => tickets.scan(theirs, caller)],
    ['SCANNED_BY_ANOTHER', (caller) => confirmBy(bob)(ticket, caller)],
    ['SCANNED_BY_ANOTHER', (caller) => tickets.deny(theirs, caller)],
    ['BAD_SECRET', (caller) => tickets.cancel(stranger, caller)],
    ['BAD_SECRET', (caller) => tickets.poll(stranger, caller)],
    ['TICKET_NOT_FOUND', (caller) => tickets.poll({ ...ticket, scene: newScene() }, caller)],
  ]
  for (const [code, refused] of refusals) t.strictSame(await tells(refused, code), [], code)
})

t.test('the verbs have the windows of their instance', async (t) => {
  const caller = { id: 'any' }
  const created = await tickets.create({ requester }, caller)
  t.equal(created.expiresIn, 111)
  const { scene } = created
  const scanned = await tickets.scan({ scene, identity: alice }, caller)
  t.ok(scanned.expiresIn > 70 && scanned.expiresIn <= 77, `${scanned.expiresIn}`)
  t.equal(scanned.first, true)
  t.equal((await tickets.scan({ scene, identity: alice }, caller)).first, false)
  const { userId, token } = await arrange(db, 'pending')
  const { earliest, latest } = await movesDeadline(db, scene, () =>
    tickets.confirm({ scene, identity: alice, userId, token }, caller),
  )
  t.ok(earliest <= 55 && 55 <= latest, `55 is between ${earliest} and ${latest}`)
})
