import t from 'tap'
import { newScene } from '../../src/tickets/secret.ts'
import { databases } from '../fixtures/postgres/database.ts'
import {
  alice,
  aliceElsewhere,
  arrange,
  confirmAs,
  requester,
  trail,
  type Situation,
} from '../fixtures/tickets/arrange.ts'
import { eachCaller } from '../fixtures/tickets/each-situation.ts'
import { movesDeadline, outcome, stored, trailOf } from '../fixtures/tickets/observe.ts'

/** What the owner and another person hear when they confirm. */
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

    await t.test('what the owner hears, and what another; the first token stands', (t) =>
      eachCaller(t, db, answers, ['pending', 'scanned'], (ticket, identity) =>
        confirmAs(db, ticket, identity, 'another token'),
      ),
    )

    await t.test('the same openid of another mini program is another user', async (t) => {
      const ticket = await arrange(db, 'scanned')
      t.equal(await outcome(confirmAs(db, ticket, aliceElsewhere)), 'SCANNED_BY_ANOTHER')
    })

    await t.test('only the call that confirms it says so', async (t) => {
      const ticket = await arrange(db, 'scanned')
      t.equal((await confirmAs(db, ticket, alice)).first, true)
      t.equal((await confirmAs(db, ticket, alice)).first, false)
    })

    await t.test('an unknown scene is TICKET_NOT_FOUND', async (t) => {
      const ticket = await arrange(db, 'scanned')
      const unknown = { ...ticket, scene: newScene() }
      t.equal(await outcome(confirmAs(db, unknown, alice)), 'TICKET_NOT_FOUND')
    })
  })
}
