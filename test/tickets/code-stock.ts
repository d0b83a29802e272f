import { sql } from 'kysely'
import t from 'tap'
import { countCodeStock, stockCode } from '../../src/tickets/code-stock.ts'
import { createTicket } from '../../src/tickets/create.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'
import { requester, windows } from '../fixtures/tickets/arrange.ts'
import { heldMaker, layInStock, makeImage } from '../fixtures/tickets/stock.ts'

const { db } = await postgresDb(t)
const running = new AbortController().signal
const stock = { size: 2, madeFor: 'ours' }

const stockOne = (make = makeImage, signal = running) => stockCode(db, stock, make, signal)
const neverAsked = async (): Promise<never> => {
  throw new Error('a code was asked for')
}
const scenes = async (): Promise<string[]> => {
  const { rows } = await sql<{ scene: string }>`select scene from code_stock`.execute(db)
  return rows.map((row) => row.scene)
}
/** Time passes for the lease alone: the pause after a code, or the end of a holder that died. */
const endLease = () => sql`update leases set expires_at = now()`.execute(db)
const leaseSeconds = async (): Promise<number> => {
  const { rows } = await sql<{ left: number }>`
    select extract(epoch from expires_at - now())::float8 as left from leases
  `.execute(db)
  return rows[0]?.left as number
}

t.beforeEach(async () => {
  await sql`delete from code_stock`.execute(db)
  await endLease()
})

t.test('a code in stock is a new scene with the image that was made of it', async (t) => {
  t.equal(await stockOne(), true)
  const { rows } = await sql`
    select scene, made_for, i.image from code_stock join code_images as i using (scene)
  `.execute(db)
  t.equal(rows.length, 1)
  const [{ scene, image, made_for }] = rows as [Record<string, never>]
  t.match(scene, /^[A-Za-z0-9_-]{26}$/)
  t.equal(String(image), `code of ${scene}`)
  t.equal(made_for, 'ours')
})

t.test('a full stock is left alone, with or without codes for others', async (t) => {
  await layInStock(db, 3, 'theirs')
  await stockOne()
  await endLease()
  t.equal(await stockOne(), true)
  await endLease()
  t.equal(await stockOne(neverAsked), false)
  t.equal(await countCodeStock(db, 'ours'), 2)
  t.equal(await countCodeStock(db, 'theirs'), 3)
})

t.test('while one instance makes a code, no other does', async (t) => {
  const maker = heldMaker()
  const first = stockOne(maker.make)
  await maker.asked
  t.equal(await stockOne(neverAsked), false)
  maker.finish()
  t.equal(await first, true)
})

t.test('after a failure the next one may try at once', async (t) => {
  const broken = new Error('no code today')
  await t.rejects(
    stockOne(async () => Promise.reject(broken)),
    broken,
  )
  t.equal(await stockOne(), true)
})

t.test('an instance that died with the lease is replaced within a minute', async (t) => {
  const dead = heldMaker()
  const first = stockOne(dead.make)
  await dead.asked
  const left = await leaseSeconds()
  t.ok(left <= 60, `${left}`)
  await endLease()

  const second = heldMaker()
  const replaced = stockOne(second.make)
  await second.asked

  dead.finish()
  t.equal(await first, true, 'back from the dead, its code is as good as any')
  t.ok((await leaseSeconds()) > 30, 'but the lease is not its own any more')
  second.finish()
  t.equal(await replaced, true)
  t.equal((await scenes()).length, 2)
})

t.test('told to stop, it waits for no code and leaves the lease to others', async (t) => {
  const stop = new AbortController()
  const slow = heldMaker()
  const first = stockOne(slow.make, stop.signal)
  await slow.asked
  stop.abort()
  t.equal(await first, false)
  t.equal(await stockOne(), true)

  slow.finish()
  t.equal(await stockOne(neverAsked, stop.signal), false)
  t.equal((await scenes()).length, 1, 'what came too late is dropped')
})

t.test(
  'codes of other settings go after a day, our own a day before WeChat forgets them',
  async (t) => {
    const [old] = await layInStock(db, 1, 'ours')
    const isOld = async (age: string, scene: string | undefined) =>
      sql`update code_stock set created_at = now() - ${age}::interval where scene = ${scene}`.execute(
        db,
      )
    await isOld('28 days 23 hours', old)
    const [older] = await layInStock(db, 1, 'ours')
    await isOld('29 days 1 hour', older)
    t.equal(await countCodeStock(db, 'ours'), 1, 'none that is too old is counted, or handed out')
    await layInStock(db, 2, 'theirs')
    await sql`
    update code_stock set created_at = now() - interval '24 hours' where made_for = 'theirs'
  `.execute(db)
    const fresh = await layInStock(db, 2, 'theirs')
    t.equal(await stockOne(), true)
    const left = await scenes()
    t.equal(left.length, 4)
    for (const scene of [old, ...fresh]) t.ok(left.includes(scene as string))
  },
)

t.test('a code that another ticket is just taking is neither waited for nor taken', async (t) => {
  const [, second] = await layInStock(db, 2, 'ours')
  const create = () => createTicket(db, { windows, requester, stock: 'ours' })
  await db.transaction().execute(async (trx) => {
    await sql`select from code_stock where scene <> ${second} for update`.execute(trx)
    t.equal((await create()).scene, second)
    t.match((await create()).scene, /^[A-Za-z0-9_-]{26}$/)
  })
  t.equal(await countCodeStock(db, 'ours'), 1)
})
