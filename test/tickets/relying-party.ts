import { sql } from 'kysely'
import t from 'tap'
import type { Db } from '../../src/db/pool.ts'
import { createTicket } from '../../src/tickets/create.ts'
import { findTicket } from '../../src/tickets/find.ts'
import { scanTicket } from '../../src/tickets/scan.ts'
import type { RelyingParty } from '../../src/tickets/ticket.ts'
import { APP, newUserCode, television } from '../fixtures/device.ts'
import { databases } from '../fixtures/postgres/database.ts'
import { alice, requester, windows } from '../fixtures/tickets/arrange.ts'
import { layInStock } from '../fixtures/tickets/stock.ts'

/** A ticket that signs in to another app, or to a device. */

const ago = async (db: Db, at: string): Promise<number> => {
  const { rows } = await sql<{ seconds: number }>`
    select extract(epoch from now() - ${at}::timestamptz)::float8 as seconds
  `.execute(db)
  return rows[0]?.seconds as number
}

for (const { name, open } of databases) {
  t.test(name, async (t) => {
    const { db } = await open(t)

    const parties: [string, RelyingParty | null][] = [
      ['the service’s own site', null],
      ['an app', APP],
      ['a device', { ...APP, device: newUserCode() }],
    ]
    for (const [what, relyingParty] of parties) {
      await t.test(`${what} is kept, found, and given back by the scan`, async (t) => {
        const ticket = await createTicket(db, { windows, requester, relyingParty })
        const { scene, matchCode } = ticket
        t.match(matchCode, relyingParty?.device ?? /^[1-9]\d$/)
        for (const found of [
          await findTicket(db, scene),
          await scanTicket(db, { scene, identity: alice, windows }),
          await scanTicket(db, { scene, identity: alice, windows }),
        ]) {
          t.strictSame(found.relyingParty, relyingParty)
          t.equal(found.matchCode, matchCode)
        }
      })
    }

    await t.test(
      'the time of a device is when it asked, not when the page was opened',
      async (t) => {
        const create = (requestedAgo?: number) =>
          createTicket(db, {
            windows,
            requester: television,
            relyingParty: { ...APP, device: newUserCode() },
            ...(requestedAgo !== undefined && { requestedAgo }),
          })
        const asked = await findTicket(db, (await create(300)).scene)
        const seconds = await ago(db, asked.requestedBy.at)
        t.ok(seconds >= 300 && seconds < 330, `${seconds}`)
        t.equal(asked.requestedBy.os, 'Android')
        t.ok(asked.expiresIn > 100, 'its window begins with the ticket')
        t.ok((await ago(db, (await findTicket(db, (await create()).scene)).requestedBy.at)) < 30)
      },
    )

    await t.test('it takes a code from the stock, and a scene of the browser’s own', async (t) => {
      const [laid = ''] = await layInStock(db, 1, 'ours')
      const { scene } = await createTicket(db, {
        windows,
        requester,
        relyingParty: APP,
        stock: 'ours',
      })
      t.equal(scene, laid)
      const own = 'own'.repeat(8)
      await createTicket(db, { scene: own, windows, requester, relyingParty: APP })
      t.strictSame((await findTicket(db, own)).relyingParty, APP)
    })
  })
}
