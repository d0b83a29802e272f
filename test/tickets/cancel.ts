import t from 'tap'
import { cancelTicket } from '../../src/tickets/cancel.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { databases } from '../fixtures/postgres/database.ts'
import { wrongSecret, type Situation } from '../fixtures/tickets/arrange.ts'
import { eachSituation } from '../fixtures/tickets/each-situation.ts'
import { deadline, outcome, stored } from '../fixtures/tickets/observe.ts'

/** What the browser hears that gives up. */
const answers: Record<Situation, string> = {
  pending: 'ok',
  scanned: 'ok',
  confirmed: 'ALREADY_CONFIRMED',
  delivered: 'TICKET_CONSUMED',
  consumed: 'TICKET_CONSUMED',
  denied: 'TICKET_DENIED',
  canceled: 'ok',
  'expired unscanned': 'TICKET_EXPIRED',
  'expired undecided': 'TICKET_EXPIRED',
  'expired uncollected': 'TICKET_EXPIRED',
}

for (const { name, open } of databases) {
  t.test(name, async (t) => {
    const { db } = await open(t)

    await eachSituation(t, db, answers, async (t, ticket, expected, situation) => {
      const before = await stored(db, ticket.scene)
      const at = await deadline(db, ticket.scene)

      for (const secretHash of [wrongSecret, '']) {
        const stranger = cancelTicket(db, { scene: ticket.scene, secretHash })
        t.equal(await outcome(stranger), 'BAD_SECRET', 'a stranger learns nothing of the state')
      }
      t.same(await stored(db, ticket.scene), before, 'and changes nothing')

      t.equal(await outcome(cancelTicket(db, ticket)), expected, `the browser hears ${expected}`)
      const cancels = situation === 'pending' || situation === 'scanned'
      const after = { ...before, ...(cancels ? { status: 'canceled' } : {}) }
      t.same(await stored(db, ticket.scene), after, 'the owner stays, no window moves')
      t.equal(await deadline(db, ticket.scene), at)
    })

    await t.test('an unknown scene is TICKET_NOT_FOUND', async (t) => {
      const unknown = cancelTicket(db, { scene: newScene(), secretHash: wrongSecret })
      t.equal(await outcome(unknown), 'TICKET_NOT_FOUND')
    })
  })
}
