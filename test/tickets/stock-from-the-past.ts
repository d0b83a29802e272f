import { spawnSync } from 'node:child_process'
import { rmSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { connect } from '../../src/db/connect.ts'
import { migrate } from '../../src/db/migrate.ts'
import type { Db } from '../../src/db/pool.ts'
import { isUnavailable } from '../../src/db/unavailable.ts'
import { findCode } from '../../src/tickets/code.ts'
import { countCodeStock, stockCode } from '../../src/tickets/code-stock.ts'
import { createTicket } from '../../src/tickets/create.ts'
import { quietLog, pgliteUrl } from '../fixtures/postgres/database.ts'
import {
  crashPostgres,
  restartPostgres,
  startPostgres,
  startStandby,
  stopPostgres,
  urlOf,
  type TestServer,
} from '../fixtures/postgres/postgres.ts'
import { requester, windows } from '../fixtures/tickets/arrange.ts'
import { layInStock, makeImage } from '../fixtures/tickets/stock.ts'

const SIZE = 5
const stock = { size: SIZE, madeFor: 'ours' }

/** A database of such a server, for as long as the work takes. */
async function on<T>(url: string, work: (db: Db) => Promise<T>): Promise<T> {
  const { db, close } = await connect({ url, poolSize: 4, log: quietLog, queryTimeoutMs: 0 })
  try {
    return await work(db)
  } finally {
    await close()
  }
}

/** Tickets as browsers get them while codes lie in stock, and after. */
async function handOut(db: Db): Promise<string[]> {
  const scenes: string[] = []
  for (let i = 0; i < SIZE; i++) {
    scenes.push((await createTicket(db, { windows, requester, stock: stock.madeFor })).scene)
  }
  return scenes
}

const twice = (a: string[], b: string[]): string[] => a.filter((scene) => b.includes(scene))

const rowsOf = async (db: Db, table: string): Promise<number> => {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from ${sql.table(table)}
  `.execute(db)
  return rows[0]?.n ?? -1
}

async function refill(t: Test, db: Db): Promise<void> {
  const { signal } = new AbortController()
  t.equal(await stockCode(db, stock, makeImage, signal), true)
  t.equal(await countCodeStock(db, stock.madeFor), 1, 'and it is filled again')
}

const server = await startPostgres({ durable: true })
t.teardown(() => stopPostgres(server))
const url = urlOf(server, 'postgres')
await on(url, migrate)

t.test('a crash empties the stock and forgets the images, and the tickets stay', async (t) => {
  const taken = await on(url, async (db) => {
    await layInStock(db, SIZE + 3, 'ours')
    return handOut(db)
  })
  await crashPostgres(server)
  await on(url, async (db) => {
    t.equal(await rowsOf(db, 'code_stock'), 0)
    t.equal(await rowsOf(db, 'code_images'), 0)
    t.equal(await rowsOf(db, 'tickets'), SIZE)
    for (const scene of taken) t.equal((await findCode(db, scene)).image, null, 'to be made again')
    t.same(twice(taken, await handOut(db)), [])
    await refill(t, db)
  })
})

t.test('a copy of the files of a stopped server hands nothing out again', async (t) => {
  const copy = `${server.dir}/copy`
  await on(url, (db) => layInStock(db, SIZE, 'ours'))
  await restartPostgres(server, (data) => void spawnSync('cp', ['-a', data, copy]))
  const first = await on(url, handOut)
  await restartPostgres(server, (data) => {
    rmSync(data, { recursive: true })
    spawnSync('mv', [copy, data])
  })
  await on(url, async (db) => {
    t.ok((await rowsOf(db, 'code_stock')) >= SIZE, 'they are all there')
    t.equal(await countCodeStock(db, stock.madeFor), 0, 'and none counts')
    t.same(twice(first, await handOut(db)), [])
    await refill(t, db)
    t.equal(await rowsOf(db, 'code_stock'), 1, 'with the first new one the old ones go')
  })
})

t.test('a restored dump hands nothing out again, on the same server', async (t) => {
  await on(url, async (db) => {
    await layInStock(db, SIZE, 'ours')
    await sql`create table dump as select * from code_stock`.execute(db)
    const first = await handOut(db)
    // A restored table is another table.
    await sql`create unlogged table restored (like code_stock including all)`.execute(db)
    await sql`insert into restored select * from dump`.execute(db)
    await sql`drop table code_stock, dump`.execute(db)
    await sql`alter table restored rename to code_stock`.execute(db)
    t.same(twice(first, await handOut(db)), [])
    await refill(t, db)
  })
})

t.test('a standby that was cut off and is promoted hands nothing out again', async (t) => {
  await on(url, (db) => layInStock(db, SIZE, 'ours'))
  const standby: TestServer = await startStandby(server)
  t.teardown(() => stopPostgres(standby))
  const there = urlOf(standby, 'postgres')

  await on(there, async (db) => {
    const read = await findCode(db, 'x'.repeat(26)).catch((error: unknown) => error)
    t.ok(isUnavailable(read), 'before that it is "not now", which a standby says of such tables')
    const made = await handOut(db).catch((error: unknown) => error)
    t.ok(isUnavailable(made))
  })

  // What the first server does from here on is lost to the second one.
  await restartPostgres(standby, (data) => rmSync(`${data}/postgresql.auto.conf`))
  const first = await on(url, handOut)
  await on(there, async (db) => {
    await sql`select pg_promote()`.execute(db)
    t.equal(await rowsOf(db, 'code_stock'), 0)
    t.same(twice(first, await handOut(db)), [])
    await refill(t, db)
  })
})

t.test('a copied folder of the embedded database hands nothing out again', async (t) => {
  const embedded = pgliteUrl(t)
  const folder = embedded.slice('pglite:'.length)
  const copy = `${folder}-copy`
  t.teardown(() => rmSync(copy, { recursive: true, force: true }))
  await on(embedded, (db) => layInStock(db, SIZE, 'ours'))
  spawnSync('cp', ['-a', folder, copy])
  const first = await on(embedded, handOut)
  await sleep(10)
  const second = await on(`pglite:${copy}`, handOut)
  t.same(twice(first, second), [])
})
