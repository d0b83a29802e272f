import { sql } from 'kysely'
import t from 'tap'
import type { Db } from '../../src/db/pool.ts'
import { pollTicket } from '../../src/tickets/poll.ts'
import { sweepTickets } from '../../src/tickets/sweep.ts'
import { databases, postgresDb } from '../fixtures/postgres/database.ts'
import {
  arrange,
  situations,
  windows,
  type Arranged,
  type Situation,
} from '../fixtures/tickets/arrange.ts'
import { eachSituation } from '../fixtures/tickets/each-situation.ts'
import { outcome, stored } from '../fixtures/tickets/observe.ts'
import { age, endGrace, expire } from '../fixtures/tickets/time.ts'

/** 120 + 90 + 60 s: no ticket is open for longer than that. */
const LIFE = 270

async function makeOld(db: Db, count: number): Promise<void> {
  await sql`
    insert into tickets (scene, secret_hash, match_code, created_at, expires_at)
    select
      'old-' || lpad(i::text, 20, '0'), sha256('x'), '10',
      now() - interval '1 day', now() - interval '1 day'
    from generate_series(1, ${count}::int) as i
  `.execute(db)
}

const left = async (db: Db): Promise<number> => {
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from tickets where scene like 'old-%'
  `.execute(db)
  return rows[0]?.n as number
}

for (const { name, open } of databases) {
  t.test(name, async (t) => {
    const { db } = await open(t)
    const sweep = (signal?: AbortSignal) => sweepTickets(db, windows, signal)

    await t.test('fresh tickets lose nothing but tokens that are over', async (t) => {
      const fresh = new Map<Situation, Arranged>()
      for (const situation of situations) fresh.set(situation, await arrange(db, situation))
      t.same(await sweep(), { tokens: 2, tickets: 0, expired: 0 })
      for (const [situation, { scene, token }] of fresh) {
        const row = await stored(db, scene)
        const kept = situation === 'confirmed' || situation === 'delivered'
        t.equal(row?.['token'], kept ? token : null, situation)
      }
      t.same(await sweep(), { tokens: 0, tickets: 0, expired: 0 }, 'and again nothing')
    })

    await t.test('a token goes when its grace is over, not before', async (t) => {
      const ticket = await arrange(db, 'delivered')
      await endGrace(db, ticket, 27)
      t.equal((await sweep()).tokens, 0)
      t.match(await pollTicket(db, ticket), { delivery: { token: ticket.token } })
      await endGrace(db, ticket)
      t.equal((await sweep()).tokens, 1)
      t.match(await stored(db, ticket.scene), { status: 'consumed', token: null })
      t.match(await pollTicket(db, ticket), { status: 'consumed', delivery: undefined })
    })

    await t.test(
      'a confirmed ticket never collected loses its token with its window',
      async (t) => {
        const ticket = await arrange(db, 'confirmed')
        t.equal((await sweep()).tokens, 0)
        await expire(db, ticket)
        t.equal((await sweep()).tokens, 1)
        t.match(await stored(db, ticket.scene), { status: 'confirmed', token: null })
        t.match(await pollTicket(db, ticket), { status: 'expired', delivery: undefined })
      },
    )

    await t.test('a ticket tells its end for 10 minutes before its row goes', (t) => {
      const ends: Record<Situation, string> = {
        pending: 'expired',
        scanned: 'expired',
        confirmed: 'expired',
        delivered: 'consumed',
        consumed: 'consumed',
        denied: 'denied',
        canceled: 'canceled',
        'expired unscanned': 'expired',
        'expired undecided': 'expired',
        'expired uncollected': 'expired',
      }
      return eachSituation(t, db, ends, async (t, ticket, status) => {
        await age(db, ticket, { created: LIFE + 3_600, expired: 597 })
        t.equal((await sweep()).tickets, 0)
        t.same(await pollTicket(db, ticket), { status, expiresIn: 0 })
        await age(db, ticket, { created: LIFE + 3_600, expired: 600 })
        const gone = await sweep()
        t.equal(gone.tickets, 1)
        t.equal(gone.expired, Number(status === 'expired'), 'an expiry is counted here')
        t.equal(await outcome(pollTicket(db, ticket)), 'TICKET_NOT_FOUND')
      })
    })

    await t.test('a ticket too young to be over in every case stays', async (t) => {
      const ticket = await arrange(db, 'pending')
      await age(db, ticket, { created: LIFE + 597, expired: LIFE + 597 - 120 })
      t.equal((await sweep()).tickets, 0)
      await age(db, ticket, { created: LIFE + 600, expired: LIFE + 600 - 120 })
      t.equal((await sweep()).tickets, 1)
    })

    await t.test('many old rows go batch by batch, all of them', async (t) => {
      await makeOld(db, 1_203)
      const { scene } = await arrange(db, 'pending')
      t.match(await sweep(), { tickets: 1_203, expired: 1_203 })
      t.equal(await left(db), 0)
      t.ok(await stored(db, scene), 'and nothing else')
    })

    await t.test('a sweep that is told to stop ends after its batch', async (t) => {
      await makeOld(db, 1_203)
      t.equal((await sweep(AbortSignal.abort())).tickets, 500)
      t.equal(await left(db), 703)
      t.equal((await sweep()).tickets, 703)
    })
  })
}

t.test('rows that another transaction holds are skipped, not waited for', async (t) => {
  const { db } = await postgresDb(t)
  await makeOld(db, 3)
  const token = await arrange(db, 'consumed')
  await db.transaction().execute(async (tx) => {
    await sql`
      select from tickets where scene in (${token.scene}, ${`old-${'0'.repeat(19)}2`}) for update
    `.execute(tx)
    t.match(await sweepTickets(db, windows), { tokens: 0, tickets: 2 })
  })
  t.match(await sweepTickets(db, windows), { tokens: 1, tickets: 1 })
})

t.test('ten sweeps at once share the work without a deadlock', async (t) => {
  const { db } = await postgresDb(t)
  await makeOld(db, 2_000)
  const swept = await Promise.all(Array.from({ length: 10 }, () => sweepTickets(db, windows)))
  // Each ends at its first short batch, so what others held is the next round's.
  const rest = (await sweepTickets(db, windows)).tickets
  t.equal(swept.reduce((sum, each) => sum + each.tickets, 0) + rest, 2_000)
  t.equal(await left(db), 0)
})
