import { sql } from 'kysely'
import t from 'tap'
import type { Db } from '../../src/db/pool.ts'
import { cancelTicket } from '../../src/tickets/cancel.ts'
import { findCode, storeCodeImage } from '../../src/tickets/code.ts'
import { sweepCodeImages } from '../../src/tickets/code-images.ts'
import { createTicket } from '../../src/tickets/create.ts'
import { denyTicket } from '../../src/tickets/deny.ts'
import { scanTicket } from '../../src/tickets/scan.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { startApp } from '../fixtures/app.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { databases } from '../fixtures/postgres/database.ts'
import {
  alice,
  arrange,
  bob,
  confirmAs,
  requester,
  trail,
  windows,
  wrongSecret,
  type Arranged,
} from '../fixtures/tickets/arrange.ts'
import { outcome } from '../fixtures/tickets/observe.ts'
import { layInStock } from '../fixtures/tickets/stock.ts'
import { expire } from '../fixtures/tickets/time.ts'

const image = Buffer.alloc(60_000, 7)

const imagesOf = async (db: Db): Promise<string[]> => {
  const { rows } = await sql<{ scene: string }>`select scene from code_images`.execute(db)
  return rows.map(({ scene }) => scene)
}

for (const { name, open } of databases) {
  t.test(`code images on ${name}`, async (t) => {
    const { db } = await open(t)
    const illustrated = async (): Promise<Arranged> => {
      const ticket = await arrange(db, 'pending')
      await storeCodeImage(db, ticket.scene, image)
      return ticket
    }

    const ends: Record<string, (ticket: Arranged) => Promise<unknown>> = {
      scan: ({ scene }) => scanTicket(db, { scene, identity: alice, windows }),
      confirm: (ticket) => confirmAs(db, ticket, alice),
      deny: ({ scene }) => denyTicket(db, { scene, identity: alice, trail }),
      'deny without a trail': ({ scene }) => denyTicket(db, { scene, identity: alice }),
      cancel: (ticket) => cancelTicket(db, ticket),
    }
    for (const [verb, end] of Object.entries(ends)) {
      await t.test(`${verb} takes the image along, and no other`, async (t) => {
        const other = await illustrated()
        const ticket = await illustrated()
        await end(ticket)
        t.same(await imagesOf(db), [other.scene])
        await cancelTicket(db, other)
      })
    }

    await t.test('a verb that is refused leaves it', async (t) => {
      const ticket = await illustrated()
      const { scene } = ticket
      t.equal(await outcome(cancelTicket(db, { scene, secretHash: wrongSecret })), 'BAD_SECRET')
      t.same(await imagesOf(db), [scene])
      await expire(db, { scene })
      const late = scanTicket(db, { scene, identity: bob, windows })
      t.equal(await outcome(late), 'TICKET_EXPIRED')
      t.same(await imagesOf(db), [scene], 'and what has expired is left to the sweep')
      t.equal(await sweepCodeImages(db), 1)
    })

    await t.test('the sweep takes what is neither in stock nor waiting', async (t) => {
      const waiting = await illustrated()
      const stock = await layInStock(db, 2, 'ours')
      const scanned = await arrange(db, 'scanned')
      await storeCodeImage(db, scanned.scene, image)
      await storeCodeImage(db, newScene(), image)
      const expired = await illustrated()
      await expire(db, expired)

      t.equal(await sweepCodeImages(db), 3)
      t.same((await imagesOf(db)).sort(), [waiting.scene, ...stock].sort())
      const taken = await createTicket(db, { windows, requester, stock: 'ours' })
      t.equal(await sweepCodeImages(db), 0, 'taken, it waits as before')
      await cancelTicket(db, waiting)
      await expire(db, taken)
      t.equal(await sweepCodeImages(db), 1)
      t.equal((await imagesOf(db)).length, 1)
    })

    await t.test('a flood of them goes in one round', async (t) => {
      await sql`
        insert into code_images (scene, image)
        select 'flood-' || lpad(n::text, 20, '0'), 'x'::bytea from generate_series(1, 2600) as n
      `.execute(db)
      t.equal(await sweepCodeImages(db), 2_600)
    })

    await t.test(
      'an image that an instance of the version before has stored is read',
      async (t) => {
        const { scene } = await arrange(db, 'pending')
        await sql`update tickets set code_image = 'theirs'::bytea where scene = ${scene}`.execute(
          db,
        )
        t.equal(Buffer.from((await findCode(db, scene)).image ?? []).toString(), 'theirs')
      },
    )
  })
}

t.test('an image that the database has lost is made again, for the same scene', async (t) => {
  const { url, db } = await startApp(t)
  const { create, scan } = clientOf(url)
  const ticket = await create()
  const load = async () => {
    const response = await fetch(`${url}/ticket/${ticket.scene}/qrcode`)
    return { status: response.status, bytes: Buffer.from(await response.arrayBuffer()) }
  }
  const first = await load()
  await sql`truncate code_images`.execute(db)
  const second = await load()
  t.equal(second.status, 200)
  t.ok(second.bytes.equals(first.bytes), 'the simulated WeChat draws one scene one way')
  t.same(await imagesOf(db), [ticket.scene])
  t.equal((await scan(ticket, 'alice')).status, 200)
  t.equal((await load()).status, 410)
})
