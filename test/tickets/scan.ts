import t from 'tap'
import { scanTicket } from '../../src/tickets/scan.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { databases } from '../fixtures/postgres/database.ts'
import {
  alice,
  aliceElsewhere,
  arrange,
  windows,
  type Situation,
} from '../fixtures/tickets/arrange.ts'
import { eachCaller } from '../fixtures/tickets/each-situation.ts'
import { deadline, movesDeadline, outcome, stored } from '../fixtures/tickets/observe.ts'

/** What the owner and another person hear when they scan. */
const answers: Record<Situation, [own: string, other: string]> = {
  pending: ['ok', 'ok'],
  scanned: ['ok', 'SCANNED_BY_ANOTHER'],
  confirmed: ['ALREADY_CONFIRMED', 'SCANNED_BY_ANOTHER'],
  delivered: ['TICKET_CONSUMED', 'TICKET_CONSUMED'],
  consumed: ['TICKET_CONSUMED', 'TICKET_CONSUMED'],
  denied: ['TICKET_DENIED', 'TICKET_DENIED'],
  canceled: ['TICKET_CANCELED', 'TICKET_CANCELED'],
  'expired unscanned': ['TICKET_EXPIRED', 'TICKET_EXPIRED'],
  'expired undecided': ['TICKET_EXPIRED', 'TICKET_EXPIRED'],
  'expired uncollected': ['TICKET_EXPIRED', 'TICKET_EXPIRED'],
}

for (const { name, open } of databases) {
  t.test(name, async (t) => {
    const { db } = await open(t)
    const scan = (scene: string, identity: typeof alice) =>
      scanTicket(db, { scene, identity, windows })

    await t.test('the first to scan owns the ticket and has the confirm window', async (t) => {
      const { scene, matchCode } = await arrange(db, 'pending')
      const created = (await stored(db, scene))?.['created_at']
      const { earliest, latest } = await movesDeadline(db, scene, async () =>
        t.match(await scan(scene, alice), {
          scene,
          status: 'scanned',
          expiresIn: 90,
          owner: alice,
          matchCode,
          requestedBy: { ip: '203.0.113.9', browser: 'Chrome 142', os: 'Windows' },
        }),
      )
      t.ok(earliest <= 90 && 90 <= latest, `90 is between ${earliest} and ${latest}`)
      t.match(await stored(db, scene), { status: 'scanned', ...alice, created_at: created })
    })

    await t.test('repeated by the owner it answers the same and moves nothing', async (t) => {
      const { scene } = await arrange(db, 'scanned')
      const first = await scan(scene, alice)
      const [row, at] = [await stored(db, scene), await deadline(db, scene)]
      t.same({ ...(await scan(scene, alice)), expiresIn: 0 }, { ...first, expiresIn: 0 })
      t.same(await stored(db, scene), row)
      t.equal(await deadline(db, scene), at)
    })

    await t.test('what the owner hears, and what another', (t) =>
      eachCaller(t, db, answers, ['pending'], ({ scene }, identity) => scan(scene, identity)),
    )

    await t.test('the same openid of another mini program is another user', async (t) => {
      const { scene } = await arrange(db, 'scanned')
      t.equal(await outcome(scan(scene, aliceElsewhere)), 'SCANNED_BY_ANOTHER')
    })

    await t.test('an unknown scene is TICKET_NOT_FOUND', async (t) => {
      t.equal(await outcome(scan(newScene(), alice)), 'TICKET_NOT_FOUND')
    })
  })
}
