import t from 'tap'
import { newScene } from '../../src/tickets/secret.ts'
import { databases } from '../fixtures/postgres/database.ts'
import {
  alice,
  aliceElsewhere,
  arrange,
  bob,
  confirmAs,
  movesDeadline,
  outcome,
  situations,
  requester,
  stored,
  trail,
  trailOf,
  type Situation,
} from '../fixtures/tickets/arrange.ts'

/** What the owner (alice) and somebody else hear when they confirm. */
const answers: Record<Situation, [own: string, other: string]> = {
  pending: ['ok', 'ok'],
  scanned: ['ok', 'SCANNED_BY_ANOTHER'],
  confirmed: ['ok', 'SCANNED_BY_ANOTHER'],
  delivered: ['ok', 'TICKET_CONSUMED'],
  consumed: ['ok', 'TICKET_CONSUMED'],
  denied: ['TICKET_DENIED', 'TICKET_DENIED'],
  canceled: ['TICKET_CANCELED', 'TICKET_CANCELED'],
  'expired unscanned': ['TICKET_EXPIRED', 'TICKET_EXPIRED'],
  'expired undecided': ['TICKET_EXPIRED', 'TICKET_EXPIRED'],
  'expired uncollected': ['TICKET_EXPIRED', 'TICKET_EXPIRED'],
}

for (const { name, open } of databases) {
  t.test(name, async (t) => {
    const { db } = await open(t)

    for (const from of ['pending', 'scanned'] as const) {
      await t.test(`${from} → confirmed, with the pickup window`, async (t) => {
        const ticket = await arrange(db, from)
        const { earliest, latest } = await movesDeadline(db, ticket.scene, () =>
          confirmAs(db, ticket, alice),
        )
        t.ok(earliest <= 60 && 60 <= latest, `60 is between ${earliest} and ${latest}`)
        t.match(await stored(db, ticket.scene), {
          status: 'confirmed',
          ...alice,
          user_id: ticket.userId,
          token: ticket.token,
          consumed_at: null,
        })
        t.match(await trailOf(db, ticket.scene), [
          {
            outcome: 'confirmed',
            reason: null,
            ...alice,
            user_id: ticket.userId,
            requested_ip: requester.ip,
            requested_browser: requester.browser,
            requested_os: requester.os,
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
        t.equal(await outcome(confirmAs(db, mine, alice, 'another token')), own)
        t.equal(await outcome(confirmAs(db, theirs, bob, 'another token')), other)
        const after = [await stored(db, mine.scene), await stored(db, theirs.scene)]
        if (situation === 'pending') return
        t.same(after[1], before[1], 'nothing of what another asked was written')
        t.same(await trailOf(db, theirs.scene), written[1], 'nor in the trail')
        if (situation === 'scanned') return
        t.same(after[0], before[0], 'the first token stands')
        t.same(await trailOf(db, mine.scene), written[0], 'a repeat is no second login')
      })
    }

    await t.test('the same openid of another mini program is another user', async (t) => {
      const ticket = await arrange(db, 'scanned')
      t.equal(await outcome(confirmAs(db, ticket, aliceElsewhere)), 'SCANNED_BY_ANOTHER')
    })

    await t.test('only the call that confirms it says so', async (t) => {
      const ticket = await arrange(db, 'scanned')
      t.equal(await confirmAs(db, ticket, alice), true)
      t.equal(await confirmAs(db, ticket, alice), false)
    })

    await t.test('an unknown scene is TICKET_NOT_FOUND', async (t) => {
      const ticket = await arrange(db, 'scanned')
      const unknown = { ...ticket, scene: newScene() }
      t.equal(await outcome(confirmAs(db, unknown, alice)), 'TICKET_NOT_FOUND')
    })
  })
}
