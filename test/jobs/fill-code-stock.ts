import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
import { AppError } from '../../src/errors.ts'
import { fillCodeStock } from '../../src/jobs/fill-code-stock.ts'
import { CODE_PAUSE_MS, countCodeStock, stockCode } from '../../src/tickets/code-stock.ts'
import { createTicket } from '../../src/tickets/create.ts'
import { postgresDb, quietLog } from '../fixtures/postgres/database.ts'
import { unknownRequester as requester, windows } from '../fixtures/tickets/arrange.ts'
import { heldMaker, makeImage } from '../fixtures/tickets/stock.ts'

const { db, url } = await postgresDb(t)

/** Waits for something that is bound to happen; a test's own time limit ends the waiting. */
async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await happened())) await sleep(10)
}

t.test('two instances on one database', async (t) => {
  const other = await connect({ url, poolSize: 2, log: quietLog })
  t.teardown(other.close)
  const stock = { size: 50, madeFor: 'm' }
  const level = () => countCodeStock(db, 'm')

  let making = 0
  let atOnce = 0
  let made = 0
  const counted = async (scene: string) => {
    atOnce = Math.max(atOnce, ++making)
    await sleep(1)
    making--
    made++
    return makeImage(scene)
  }
  const options = { stock, makeImage: counted, log: quietLog, lookMs: 5 }
  const stops = [db, other.db].map((each) => fillCodeStock({ db: each, ...options }))
  t.teardown(() => Promise.all(stops.map((stop) => stop())))

  await t.test('fill one stock, not one each', async (t) => {
    await until(async () => (await level()) >= 50)
    await sleep(5 * CODE_PAUSE_MS)
    // Whoever counted while the last code was on its way in may have made one more.
    t.ok(made <= 51, `${made}`)
    t.equal(atOnce, 1, 'one code at a time')
  })

  await t.test('stay well below 5,000 codes a minute together', async (t) => {
    const { rows } = await sql<{ ms: number }>`
      select min(ms)::float8 as ms
      from (
        select extract(epoch from created_at - lag(created_at) over (order by created_at)) * 1000 as ms
        from code_stock
      ) as gaps
    `.execute(db)
    t.ok((rows[0]?.ms ?? 0) >= CODE_PAUSE_MS, `${rows[0]?.ms} ms between two codes`)
    t.ok(60_000 / CODE_PAUSE_MS <= 3_000)
  })

  await t.test('replace what is taken, and nothing else', async (t) => {
    const before = made
    for (let i = 0; i < 3; i++) await createTicket(db, { windows, requester, stock: 'm' })
    await until(async () => (await level()) >= 50)
    t.ok(made - before <= 4, `${made - before}`)
  })

  await t.test('make nothing any more once they are stopped', async (t) => {
    await Promise.all(stops.map((stop) => stop()))
    await sql`delete from code_stock`.execute(db)
    await sleep(50)
    t.equal(await level(), 0)
  })
})

t.test('when no code can be made', async (t) => {
  const stock = { size: 1, madeFor: 'x' }
  const none = new Error('no code today')
  const later = new AppError('WECHAT_BUSY', { retryAfter: 90 })
  const outcomes = [none, none, none, none, none, null, none, later]
  const asked: number[] = []
  const warned: { err: unknown; waitMs: number }[] = []
  const noted: object[] = []
  const stop = fillCodeStock({
    db,
    stock,
    makeImage: async (scene) => {
      asked.push(performance.now())
      const error = outcomes.shift()
      if (error) throw error
      return makeImage(scene)
    },
    log: {
      warn: (details) => void warned.push(details as (typeof warned)[0]),
      debug: (details) => void noted.push(details),
    },
    lookMs: 2,
    firstWaitMs: 8,
  })
  t.teardown(stop)
  const waits = () => warned.map(({ waitMs }) => waitMs)

  await t.test('it waits twice as long each time, and says so once each time', async (t) => {
    await until(async () => (await countCodeStock(db, 'x')) === 1)
    t.same(waits(), [8, 16, 32, 64, 128])
    t.ok(warned.every(({ err }) => err === none))
    t.equal(asked.length, 6)
    waits().forEach((wait, i) => {
      const gap = (asked[i + 1] as number) - (asked[i] as number)
      t.ok(gap >= wait, `${gap} ms, not ${wait}`)
    })
  })

  await t.test('after a success the waits begin anew, and WeChat may ask for more', async (t) => {
    await createTicket(db, { windows, requester, stock: 'x' })
    await until(() => noted.length === 1)
    t.same(waits().slice(5), [8])
    const what = 'WeChat’s client has its line in the log already: none at warn, and no stack'
    t.same(noted, [{ code: 'WECHAT_BUSY', waitMs: 90_000 }], what)
  })
})

t.test('the waits end at a minute', async (t) => {
  const waits: number[] = []
  const stop = fillCodeStock({
    db,
    stock: { size: 1, madeFor: 'y' },
    makeImage: () => Promise.reject(new Error('no code today')),
    log: {
      warn: (details) => void waits.push((details as { waitMs: number }).waitMs),
      debug: () => {},
    },
    lookMs: 1,
    firstWaitMs: 100_000,
  })
  await until(() => waits.length === 1)
  await stop()
  t.same(waits, [60_000])
})

t.test('a stop does not wait for a slow WeChat', async (t) => {
  const stock = { size: 1, madeFor: 'z' }
  const slow = heldMaker()
  const stop = fillCodeStock({ db, stock, makeImage: slow.make, log: quietLog, lookMs: 1 })
  await slow.asked
  await stop()
  const running = new AbortController().signal
  t.equal(await stockCode(db, stock, makeImage, running), true, 'another instance goes on at once')
})
