import { sql } from 'kysely'
import t from 'tap'
import { up as rememberScenes } from '../../migrations/0010_chosen_scenes.ts'
import { findCode } from '../../src/tickets/code.ts'
import { countCodeStock } from '../../src/tickets/code-stock.ts'
import { createTicket } from '../../src/tickets/create.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'
import { requester, windows } from '../fixtures/tickets/arrange.ts'
import { outcome } from '../fixtures/tickets/observe.ts'
import { layInStock } from '../fixtures/tickets/stock.ts'

/** What an instance of the version before goes on saying while it is replaced, word for word. */
const { db } = await postgresDb(t)
const before = {
  putCode: (scene: string, madeFor: string) =>
    sql`
      insert into code_stock (scene, made_for, image) values (${scene}, ${madeFor}, 'theirs'::bytea)
    `.execute(db),
  create: async (fresh: string, stock: string | null) => {
    const { rows } = await sql<{ scene: string }>`
      with taken as (
        delete from code_stock
        where scene = (
          select scene
          from code_stock
          where made_for = ${stock}
          limit 1
          for update skip locked
        )
        returning scene, image
      )
      insert into tickets (scene, secret_hash, match_code, expires_at, code_image)
      values (
        coalesce((select scene from taken), ${fresh}),
        sha256('x'), '47', now() + interval '120 seconds',
        (select image from taken)
      )
      on conflict (scene) do nothing
      returning scene
    `.execute(db)
    return rows[0]?.scene
  },
  readImage: async (scene: string) => {
    const { rows } = await sql<{ code_image: Uint8Array | null }>`
      select status, expires_at > now() as live,
        case when status = 'pending' then code_image end as code_image
      from tickets
      where scene = ${scene}
    `.execute(db)
    return rows[0]?.code_image ?? null
  },
  storeImage: (scene: string) =>
    sql`
      update tickets
      set code_image = 'theirs'::bytea
      where scene = ${scene}
        and status = 'pending'
        and code_image is null
    `.execute(db),
}
const imageOf = async (scene: string) => {
  const image = (await findCode(db, scene)).image
  return image && Buffer.from(image).toString()
}

t.test('it fills and takes a stock of its own, and new instances show its images', async (t) => {
  const scene = newScene()
  await before.putCode(scene, 'its own')
  await layInStock(db, 1, 'ours')
  t.equal(await before.create(newScene(), 'its own'), scene)
  t.equal(String(await before.readImage(scene)), 'theirs')
  t.equal(await imageOf(scene), 'theirs', 'no second call to WeChat')
  t.equal(await countCodeStock(db, 'ours'), 1, 'and ours is left alone')

  const onDemand = newScene()
  t.equal(await before.create(onDemand, null), onDemand)
  await before.storeImage(onDemand)
  t.equal(await imageOf(onDemand), 'theirs')
})

t.test('a ticket of a new instance has its image made a second time by it', async (t) => {
  const { scene } = await createTicket(db, { windows, requester, stock: 'ours' })
  t.equal(await before.readImage(scene), null)
  await before.storeImage(scene)
  t.equal(String(await before.readImage(scene)), 'theirs')
  t.equal(await imageOf(scene), `code of ${scene}`, 'new instances keep to the first')
})

t.test('what it took from the stock of new instances is no harm', async (t) => {
  const [laid = ''] = await layInStock(db, 1, 'ours')
  t.equal(await before.create(newScene(), 'ours'), laid)
  t.equal(await imageOf(laid), `code of ${laid}`)
  t.not((await createTicket(db, { windows, requester, stock: 'ours' })).scene, laid)
})

t.test('scenes of tickets that were there when the schema changed stay taken', async (t) => {
  const scene = newScene()
  await before.create(scene, null)
  await sql`drop table chosen_scenes`.execute(db)
  await rememberScenes(db)
  await sql`delete from tickets where scene = ${scene}`.execute(db)
  t.equal(await outcome(createTicket(db, { scene, windows, requester })), 'SCENE_TAKEN')
})
