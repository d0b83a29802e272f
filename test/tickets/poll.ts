import { sql } from 'kysely'
import t from 'tap'
import { pollTicket } from '../../src/tickets/poll.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { createStatusLoader } from '../../src/tickets/status-loader.ts'
import { databases } from '../fixtures/postgres/database.ts'
import { arrange, situations, wrongSecret, type Situation } from '../fixtures/tickets/arrange.ts'
import { eachSituation } from '../fixtures/tickets/each-situation.ts'
import { clock, deadline, outcome, stored, version } from '../fixtures/tickets/observe.ts'
import { endGrace, expire, leave } from '../fixtures/tickets/time.ts'

/** What a poll says, and whether it brings the token. */
const answers: Record<Situation, { status: string; expiresIn: number; delivers?: true }> = {
  pending: { status: 'pending', expiresIn: 120 },
  scanned: { status: 'scanned', expiresIn: 90 },
  confirmed: { status: 'confirmed', expiresIn: 60, delivers: true },
  delivered: { status: 'confirmed', expiresIn: 60, delivers: true },
  consumed: { status: 'consumed', expiresIn: 0 },
  denied: { status: 'denied', expiresIn: 0 },
  canceled: { status: 'canceled', expiresIn: 0 },
  'expired unscanned': { status: 'expired', expiresIn: 0 },
  'expired undecided': { status: 'expired', expiresIn: 0 },
  'expired uncollected': { status: 'expired', expiresIn: 0 },
}

for (const { name, open } of databases) {
  t.test(name, async (t) => {
    const { db } = await open(t)

    for (const [what, isConfirmed] of [
      ['asked for its state', false],
      ['asked for its token first', true],
    ] as const) {
      await t.test(what, async (t) => {
        const poll = (input: { scene: string; secretHash: string }) =>
          pollTicket(db, input, createStatusLoader(db), undefined, isConfirmed)
        await eachSituation(t, db, answers, async (t, ticket, expected) => {
          const { status, expiresIn, delivers = false } = expected
          const before = await stored(db, ticket.scene)
          for (const secretHash of [wrongSecret, '', '0'.repeat(64)]) {
            const stranger = poll({ scene: ticket.scene, secretHash })
            t.equal(await outcome(stranger), 'BAD_SECRET', 'in every state')
          }
          t.same(await stored(db, ticket.scene), before, 'a wrong secret takes nothing')

          const seen = await poll(ticket)
          t.equal(seen.status, status)
          t.ok(
            seen.expiresIn <= expiresIn && seen.expiresIn >= expiresIn - 3,
            `${seen.expiresIn} s`,
          )
          t.equal('delivery' in seen, delivers, `${delivers ? 'with the' : 'no'} token`)
          if (delivers) t.match(seen.delivery, { token: ticket.token, userId: ticket.userId })
        })
      })
    }

    await t.test('it is a pure read until the token is delivered, and after', async (t) => {
      for (const situation of situations) {
        if (situation === 'confirmed' || situation === 'consumed') continue
        const ticket = await arrange(db, situation)
        const before = await version(db, ticket.scene)
        await pollTicket(db, ticket)
        await pollTicket(db, ticket)
        t.equal(await version(db, ticket.scene), before, situation)
      }
    })

    await t.test('the first delivery marks it consumed and moves no window', async (t) => {
      const ticket = await arrange(db, 'confirmed')
      const at = await deadline(db, ticket.scene)
      const before = await clock(db)
      const { delivery } = await pollTicket(db, ticket)
      const after = await clock(db)
      const row = await stored(db, ticket.scene)
      t.match(row, { status: 'consumed', token: ticket.token })
      const consumedAt = Date.parse(`${row?.['consumed_at']}`) / 1000
      t.ok(before <= consumedAt + 0.001 && consumedAt <= after, 'in the clock of the database')
      t.equal(await deadline(db, ticket.scene), at)
      t.ok(delivery && before <= delivery.now && delivery.now <= after)
    })

    await t.test('for 30 s the same secret gets the same token again', async (t) => {
      const ticket = await arrange(db, 'confirmed')
      const first = await pollTicket(db, ticket)
      for (const seconds of [0, 10, 27]) {
        await endGrace(db, ticket, seconds)
        const again = await pollTicket(db, ticket)
        t.match(again, { status: 'confirmed', delivery: { token: first.delivery?.token } })
      }
      await endGrace(db, ticket)
      t.same(await pollTicket(db, ticket), { status: 'consumed', expiresIn: 0 })
      t.match(await stored(db, ticket.scene), { status: 'consumed', token: null })
      t.same(await pollTicket(db, ticket), { status: 'consumed', expiresIn: 0 }, 'and stays so')
    })

    await t.test('the grace outlives the pickup window', async (t) => {
      const ticket = await arrange(db, 'delivered')
      await expire(db, ticket)
      t.match(await pollTicket(db, ticket), {
        status: 'confirmed',
        expiresIn: 0,
        delivery: { token: ticket.token },
      })
    })

    await t.test('once forgotten, the token does not come back with the grace', async (t) => {
      const ticket = await arrange(db, 'consumed')
      await pollTicket(db, ticket)
      // As if the database's clock had been set back.
      await sql`
        update tickets set consumed_at = now() - interval '1 s' where scene = ${ticket.scene}
      `.execute(db)
      t.notOk((await pollTicket(db, ticket)).delivery)
    })

    await t.test('the seconds left are rounded up, and never below zero', async (t) => {
      const ticket = await arrange(db, 'pending')
      await leave(db, ticket, 59.95)
      t.equal((await pollTicket(db, ticket)).expiresIn, 60)
      await leave(db, ticket, -3600)
      t.same(await pollTicket(db, ticket), { status: 'expired', expiresIn: 0 })
    })

    await t.test('an unknown scene is TICKET_NOT_FOUND', async (t) => {
      const unknown = pollTicket(db, { scene: newScene(), secretHash: wrongSecret })
      t.equal(await outcome(unknown), 'TICKET_NOT_FOUND')
    })

    await t.test('ten first polls at once deliver one token', async (t) => {
      const ticket = await arrange(db, 'confirmed')
      const polls = await Promise.all(Array.from({ length: 10 }, () => pollTicket(db, ticket)))
      t.same([...new Set(polls.map((poll) => poll.delivery?.token))], [ticket.token])
    })
  })
}
