import t from 'tap'
import { denyTicket } from '../../src/tickets/deny.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { databases } from '../fixtures/postgres/database.ts'
import {
  alice,
  aliceElsewhere,
  arrange,
  bob,
  deadline,
  outcome,
  situations,
  stored,
  trail,
  trailOf,
  type Situation,
} from '../fixtures/tickets/arrange.ts'

/** What the owner (alice) and somebody else hear when they decline. */
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

    for (const situation of situations) {
      const [own, other] = answers[situation]
      await t.test(`${situation}: the owner hears ${own}, another ${other}`, async (t) => {
        const mine = await arrange(db, situation)
        const theirs = await arrange(db, situation)
        const before = [await stored(db, mine.scene), await stored(db, theirs.scene)]
        const written = [await trailOf(db, mine.scene), await trailOf(db, theirs.scene)]
        t.equal(await outcome(deny(mine.scene, alice)), own)
        t.equal(await outcome(deny(theirs.scene, bob)), other)
        if (situation === 'pending') return
        t.same(await stored(db, theirs.scene), before[1])
        t.same(await trailOf(db, theirs.scene), written[1])
        if (situation === 'scanned') return
        t.same(await stored(db, mine.scene), before[0])
        t.same(await trailOf(db, mine.scene), written[0], 'a repeat leaves no second row')
      })
    }

    await t.test('the same openid of another mini program is another user', async (t) => {
      const { scene } = await arrange(db, 'scanned')
      t.equal(await outcome(deny(scene, aliceElsewhere)), 'SCANNED_BY_ANOTHER')
    })

    await t.test('an unknown scene is TICKET_NOT_FOUND', async (t) => {
      t.equal(await outcome(deny(newScene(), alice)), 'TICKET_NOT_FOUND')
    })
  })
}
