import { sql } from 'kysely'
import t from 'tap'
import { findTicket } from '../../src/tickets/find.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { databases } from '../fixtures/postgres/database.ts'
import { alice, arrange, type Situation } from '../fixtures/tickets/arrange.ts'
import { eachSituation } from '../fixtures/tickets/each-situation.ts'
import { outcome } from '../fixtures/tickets/observe.ts'
import { leave } from '../fixtures/tickets/time.ts'

const statuses: Record<Situation, string> = {
  pending: 'pending',
  scanned: 'scanned',
  confirmed: 'confirmed',
  delivered: 'consumed',
  consumed: 'consumed',
  denied: 'denied',
  canceled: 'canceled',
  'expired unscanned': 'expired',
  'expired undecided': 'expired',
  'expired uncollected': 'expired',
}
const ownerless: Situation[] = ['pending', 'canceled', 'expired unscanned']

for (const { name, open } of databases) {
  t.test(name, async (t) => {
    const { db } = await open(t)

    await t.test('every state, with its owner', (t) =>
      eachSituation(t, db, statuses, async (t, { scene, matchCode, secretHash }, status, from) => {
        const ticket = await findTicket(db, scene)
        t.equal(ticket.status, status)
        t.same(ticket.owner, ownerless.includes(from) ? null : alice)
        t.match(ticket, { scene, matchCode })
        t.equal(ticket.secretHash, secretHash)
      }),
    )

    await t.test('who asked, and when: UTC in every session’s time zone', async (t) => {
      const { scene } = await arrange(db, 'pending')
      await sql`
        update tickets set created_at = '2026-11-22T18:00:00.9+08:00' where scene = ${scene}
      `.execute(db)
      t.same((await findTicket(db, scene)).requestedBy, {
        ip: '203.0.113.9',
        network: '203.0.113.9',
        country: 'CN',
        browser: 'Chrome 142',
        os: 'Windows',
        at: '2026-11-22T10:00:00Z',
      })
      await db.connection().execute(async (session) => {
        await sql`set time zone 'America/St_Johns'`.execute(session)
        t.equal((await findTicket(session, scene)).requestedBy.at, '2026-11-22T10:00:00Z')
        await sql`reset time zone`.execute(session)
      })
    })

    await t.test('the seconds left are rounded up, and never below zero', async (t) => {
      const ticket = await arrange(db, 'scanned')
      for (const [left, expected] of [
        [59.95, 60],
        [0, 0],
        [-3600, 0],
      ] as const) {
        await leave(db, ticket, left)
        t.equal((await findTicket(db, ticket.scene)).expiresIn, expected)
      }
    })

    await t.test('an unknown scene is TICKET_NOT_FOUND', async (t) => {
      t.equal(await outcome(findTicket(db, newScene())), 'TICKET_NOT_FOUND')
    })
  })
}
