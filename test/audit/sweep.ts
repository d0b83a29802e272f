import { sql } from 'kysely'
import t from 'tap'
import { sweepAuditTrail } from '../../src/audit/sweep.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'

const { db } = await postgresDb(t)

/** Logins of so long ago. */
const makeOld = (age: string, count = 1) =>
  sql`
    insert into logins (created_at, outcome, user_id, appid, openid)
    select now() - ${age}::interval, 'signed_in', gen_random_uuid(), 'wx1', 'o1'
    from generate_series(1, ${count}::int)
  `.execute(db)

const left = async (): Promise<number> => {
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from logins`.execute(db)
  return rows[0]?.n as number
}

t.test('a login is kept for so many days and no longer', async (t) => {
  await makeOld('89 days 23 hours')
  await makeOld('90 days 1 minute', 3)
  t.equal(await sweepAuditTrail(db, 90), 3)
  t.equal(await sweepAuditTrail(db, 90), 0)
  t.equal(await left(), 1)
  t.equal(await sweepAuditTrail(db, 89), 1)
})

t.test('0 days forget all of it', async (t) => {
  await makeOld('0 seconds', 2)
  t.equal(await sweepAuditTrail(db, 0), 2)
  t.equal(await left(), 0)
})

t.test('they go batch by batch, and a sweep that is told to stop ends after one', async (t) => {
  await makeOld('91 days', 1_203)
  t.equal(await sweepAuditTrail(db, 90, AbortSignal.abort()), 500)
  t.equal(await sweepAuditTrail(db, 90), 703)
  t.equal(await left(), 0)
})
