import t from 'tap'
import { denyTicket } from '../../src/tickets/deny.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { databases } from '../fixtures/postgres/database.ts'
import {
  alice,
  aliceElsewhere,
  arrange,
  trail,
  type Situation,
} from '../fixtures/tickets/arrange.ts'
import { eachCaller } from '../fixtures/tickets/each-situation.ts'
import { deadline, outcome, stored, trailOf } from '../fixtures/tickets/observe.ts'

/** What the owner and another person hear when they decline. */
const answers: Record<Situation, [own: string, other: string]> = {
  pending: ['ok', 'ok'],
  scanned: ['ok', 'SCANNED_BY_ANOTHER'],
  confirmed: ['ALREADY_CONFIRMED', 'SCANNED_BY_ANOTHER'],
  delivered: ['TICKET_CONSUMED', 'TICKET_CONSUMED'],
  consumed: ['TICKET_CONSUMED', 'TICKET_CONSUMED'],
  // A double tap of the one who declined finds its wish fulfilled.
  denied: ['ok', 'TICKET_DENIED'],
  canceled: ['TICKET_CANCELED', 'TICKET_CANCELED'],
  'expired unscanned': ['TICKET_EXPIRED', 'TICKET_EXPIRED'],
  'expired undecided': ['TICKET_EXPIRED', 'TICKET_EXPIRED'],
  'expired uncollected': ['TICKET_EXPIRED', 'TICKET_EXPIRED'],
}

for (const { name, open } of databases) {
  t.test(name, async (t) => {
    const { db } = await open(t)
    const deny = (scene: string, identity: typeof alice) =>
      denyTicket(db, { scene, identity, trail })

    for (const from of ['pending', 'scanned'] as const) {
      await t.test(`${from} → denied, which moves no window and leaves no token`, async (t) => {
        const { scene } = await arrange(db, from)
        const at = await deadline(db, scene)
        await deny(scene, alice)
        t.match(await stored(db, scene), { status: 'denied', ...alice, user_id: null, token: null })
        t.equal(await deadline(db, scene), at)
        t.match(await trailOf(db, scene), [
          {
            outcome: 'denied',
            reason: 'declined',
            ...alice,
            user_id: null,
            phone_ip: trail.phoneIp,
          },
        ])
      })
    }

    await t.test('what the owner hears, and what another', (t) =>
      eachCaller(t, db, answers, ['pending', 'scanned'], ({ scene }, identity) =>
        deny(scene, identity),
      ),
    )

    await t.test('the same openid of another mini program is another user', async (t) => {
      const { scene } = await arrange(db, 'scanned')
      t.equal(await outcome(deny(scene, aliceElsewhere)), 'SCANNED_BY_ANOTHER')
    })

    await t.test('an unknown scene is TICKET_NOT_FOUND', async (t) => {
      t.equal(await outcome(deny(newScene(), alice)), 'TICKET_NOT_FOUND')
    })
  })
}
