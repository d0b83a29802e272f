import { sql } from 'kysely'
import t from 'tap'
import type { Db } from '../../src/db/pool.ts'
import { createTicket } from '../../src/tickets/create.ts'
import { isIssued, issueScene } from '../../src/tickets/scene.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { sweepTickets } from '../../src/tickets/sweep.ts'
import { startApp } from '../fixtures/app.ts'
import { call, clientOf } from '../fixtures/network/client.ts'
import { databases } from '../fixtures/postgres/database.ts'
import { requester, windows } from '../fixtures/tickets/arrange.ts'
import { outcome } from '../fixtures/tickets/observe.ts'
import { layInStock } from '../fixtures/tickets/stock.ts'

/** Days go by: the ticket is old, and the service's own sweep deletes it. */
async function forget(db: Db, scene: string): Promise<void> {
  await sql`
    update tickets
    set created_at = now() - interval '2 days', expires_at = now() - interval '2 days'
    where scene = ${scene}
  `.execute(db)
  await sweepTickets(db, windows)
  const { rows } = await sql`select from tickets where scene = ${scene}`.execute(db)
  if (rows.length > 0) throw new Error('the ticket is still there')
}

t.test('a scene of the service shows where it comes from', async (t) => {
  const scenes = Array.from({ length: 2_000 }, issueScene)
  t.equal(new Set(scenes.map((scene) => scene.slice(0, 22))).size, 2_000, 'the random part differs')
  t.ok(scenes.every((scene) => /^[A-Za-z0-9_-]{26}$/.test(scene) && isIssued(scene)))
  for (const scene of scenes.slice(0, 50)) {
    for (const other of [
      scene.slice(0, 25),
      `${scene}A`,
      scene.toLowerCase(),
      `${scene.slice(1)}A`,
      `${scene.slice(0, 22)}AAAA`,
      newScene(),
    ]) {
      t.notOk(isIssued(other), other)
    }
  }
})

for (const { name, open } of databases) {
  t.test(`a scene is issued once, for good, on ${name}`, async (t) => {
    const { db } = await open(t)
    const create = (scene?: string) => createTicket(db, { windows, requester, scene })

    await t.test('a chosen one stays taken when its ticket has gone', async (t) => {
      for (const scene of [newScene(), 'a'.repeat(22), `Own_scene-${'0'.repeat(22)}`]) {
        await create(scene)
        t.equal(await outcome(create(scene)), 'SCENE_TAKEN', 'while the ticket is there')
        await forget(db, scene)
        t.equal(await outcome(create(scene)), 'SCENE_TAKEN', 'and afterwards')
      }
    })

    await t.test('of ten who want it at once one gets it, of ten more none', async (t) => {
      const scene = newScene()
      const ten = () => Promise.all(Array.from({ length: 10 }, () => outcome(create(scene))))
      t.equal((await ten()).filter((each) => each === 'ok').length, 1)
      await forget(db, scene)
      t.same(new Set(await ten()), new Set(['SCENE_TAKEN']))
    })

    await t.test('one that the service issued cannot be chosen, then or later', async (t) => {
      const { scene } = await create()
      t.equal(await outcome(create(scene)), 'SCENE_TAKEN')
      await forget(db, scene)
      t.equal(await outcome(create(scene)), 'SCENE_TAKEN')
    })

    await t.test('one that lies in stock cannot be chosen, and is handed out', async (t) => {
      const [laid = ''] = await layInStock(db, 1, 'ours')
      t.equal(await outcome(create(laid)), 'SCENE_TAKEN')
      const fromBefore = newScene()
      await sql`
        insert into code_stock (scene, made_for, image) values (${fromBefore}, 'theirs', 'x'::bytea)
      `.execute(db)
      t.equal(await outcome(create(fromBefore)), 'SCENE_TAKEN', 'by the version before as well')
      t.equal((await createTicket(db, { windows, requester, stock: 'ours' })).scene, laid)
      await forget(db, laid)
      t.equal(await outcome(create(laid)), 'SCENE_TAKEN')
    })

    await t.test('a chosen one costs 16 bytes and what a row needs', async (t) => {
      await sql`
        insert into chosen_scenes (hash)
        select substring(sha256(n::text::bytea) from 1 for 16) from generate_series(1, 5000) as n
      `.execute(db)
      const { rows } = await sql<{ bytes: number }>`
        select pg_total_relation_size('chosen_scenes')::int / 5000 as bytes
      `.execute(db)
      t.ok((rows[0]?.bytes ?? 1_000) < 125, `${rows[0]?.bytes} bytes a row`)
    })
  })
}

t.test('threats 3 and 24: a code of yesterday does nothing, whoever made its scene', async (t) => {
  const { url, db } = await startApp(t)
  const { create, login, poll, scan } = clientOf(url)
  for (const body of [{ scene: 'printed_on_a_sticker_1' }, {}]) {
    const ticket = await create(body)
    t.equal((await call(`${url}/ticket/${ticket.scene}/qrcode`)).status, 200)
    await login(ticket, 'alice')
    t.match((await poll(ticket)).body, { token: /^eyJ/ })
    await forget(db, ticket.scene)

    const again = await call(`${url}/ticket`, { json: { scene: ticket.scene } })
    t.match(again, { status: 409, body: { code: 'SCENE_TAKEN', secret: undefined } })
    t.match(await scan(ticket, 'bob'), { status: 404, body: { code: 'TICKET_NOT_FOUND' } })
  }
})
