import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { sweepAuditTrail } from '../../src/audit/sweep.ts'
import { BATCH } from '../../src/db/batches.ts'
import { connect } from '../../src/db/connect.ts'
import type { Db } from '../../src/db/pool.ts'
import { startSweeps } from '../../src/jobs/sweep.ts'
import { sweepRateLimits } from '../../src/limits/sweep.ts'
import { sweepRecords } from '../../src/oidc/sweep.ts'
import { sweepCodeImages } from '../../src/tickets/code-images.ts'
import { sweepTickets } from '../../src/tickets/sweep.ts'
import { databases, postgresDb, quietLog } from '../fixtures/postgres/database.ts'
import { windows } from '../fixtures/tickets/arrange.ts'

const rules = {
  tickets: { windows, matchMode: 'show', codeStock: 0, urlLink: false },
  audit: { days: 90 },
  oidc: {},
} as const

/** So many old rows in each table that is swept. */
async function flood(db: Db, count: number): Promise<void> {
  const rows = sql`from generate_series(1, ${count}::int) as n`
  await sql`
    insert into tickets (scene, secret_hash, match_code, created_at, expires_at)
    select
      'old-' || lpad(n::text, 20, '0'), sha256('x'), '10',
      now() - interval '1 day', now() - interval '1 day'
    ${rows}
  `.execute(db)
  await sql`
    insert into code_images (scene, image) select 'old-' || lpad(n::text, 20, '0'), 'x' ${rows}
  `.execute(db)
  await sql`
    insert into rate_limits (key, count, resets_at) select 'old-' || n, 1, now() ${rows}
  `.execute(db)
  await sql`
    insert into logins (created_at, outcome, user_id, appid, openid)
    select now() - interval '1 year', 'signed_in', gen_random_uuid(), 'wx1', 'o1' ${rows}
  `.execute(db)
  await sql`
    insert into oidc_records (model, id, payload, expires_at)
    select 'Session', 'old-' || n, '{}', now() - interval '11 minutes' ${rows}
  `.execute(db)
}

const TABLES = ['tickets', 'code_images', 'rate_limits', 'logins', 'oidc_records'] as const

async function left(db: Db): Promise<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const table of TABLES) {
    const { rows } = await sql<{ n: number }>`
      select count(*)::int as n from ${sql.table(table)}
    `.execute(db)
    counts[table] = rows[0]?.n ?? -1
  }
  return counts
}

/** Waits until nothing but the tables that may keep theirs has rows. */
async function untilSwept(db: Db, mayKeep: string[] = []): Promise<void> {
  const isSwept = async () =>
    Object.entries(await left(db)).every(([table, n]) => n === 0 || mayKeep.includes(table))
  for (let i = 0; !(await isSwept()); i++) {
    if (i > 300) throw new Error(JSON.stringify(await left(db)))
    await sleep(50)
  }
}

for (const { name, open } of databases) {
  t.test(`each sweep keeps up with a flood, and stops when told, on ${name}`, async (t) => {
    const { db } = await open(t)
    const sweeps: Record<string, (signal?: AbortSignal) => Promise<number>> = {
      tickets: async (signal) => (await sweepTickets(db, windows, signal)).tickets,
      code_images: (signal) => sweepCodeImages(db, signal),
      rate_limits: (signal) => sweepRateLimits(db, signal),
      logins: (signal) => sweepAuditTrail(db, 90, signal),
      oidc_records: (signal) => sweepRecords(db, signal),
    }
    t.same(Object.keys(sweeps), TABLES)
    await flood(db, 2_600)
    for (const [table, sweep] of Object.entries(sweeps)) {
      const stopped = await sweep(AbortSignal.abort())
      t.ok(stopped <= BATCH, `${stopped} of ${table}`)
      t.equal(stopped + (await sweep()), 2_600, table)
    }
    t.same(Object.values(await left(db)), [0, 0, 0, 0, 0])
  })
}

t.test('a sweep that fails is told by its table and holds up no other', async (t) => {
  const { db } = await postgresDb(t)
  for (const broken of TABLES) {
    await flood(db, 600)
    await sql`
      create or replace function refuse() returns trigger language plpgsql as $$
        begin raise exception 'not today'; end
      $$
    `.execute(db)
    await sql`
      create trigger refuse before delete on ${sql.table(broken)}
      for each row execute function refuse()
    `.execute(db)

    const warned = new Set<string>()
    const log = { warn: (details: object) => void warned.add((details as { table: string }).table) }
    const stop = startSweeps({ db, rules, log, everyMs: 20 })
    await untilSwept(db, [broken])
    t.equal((await left(db))[broken], 600)
    await sleep(100)
    t.same([...warned], [broken])

    await sql`drop trigger refuse on ${sql.table(broken)}`.execute(db)
    await untilSwept(db)
    await stop()
  }
})

t.test('a sweep that hangs holds up no other', async (t) => {
  const { db, url } = await postgresDb(t)
  const outside = await connect({ url, poolSize: 1, log: quietLog })
  t.teardown(outside.close)
  await flood(db, 600)
  await outside.db.transaction().execute(async (tx) => {
    await sql`lock table tickets in exclusive mode`.execute(tx)
    const stop = startSweeps({ db, rules, log: { warn: () => {} }, everyMs: 20 })
    await untilSwept(db, ['tickets', 'code_images'])
    await stop()
  })
  t.ok(true, 'the others went their way')
})
