import { sql } from 'kysely'
import t from 'tap'
import { pendingMigrations } from '../../src/db/migrate.ts'
import { sweepTickets } from '../../src/tickets/sweep.ts'
import { startApp } from '../fixtures/app.ts'
import { call, clientOf } from '../fixtures/network/client.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'
import { windows } from '../fixtures/tickets/arrange.ts'

const PARTITIONS = 8

t.test('tickets may be partitioned by a hash of their scene', async (t) => {
  const { db, url } = await postgresDb(t)
  await sql`alter table tickets rename to whole`.execute(db)
  await sql`
    create table tickets (like whole including all) partition by hash (scene)
  `.execute(db)
  for (let i = 0; i < PARTITIONS; i++) {
    await sql`
      create table ${sql.table(`tickets_${i}`)} partition of tickets
      for values with (modulus ${sql.lit(PARTITIONS)}, remainder ${sql.lit(i)})
      with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0.02)
    `.execute(db)
  }
  await sql`drop table whole`.execute(db)
  t.same(await pendingMigrations(db), [])

  const app = await startApp(t, { databaseUrl: url, logLevel: 'warn' })
  const { create, scan, login, poll, deny, cancel } = clientOf(app.url)
  const wrong: unknown[] = []
  let next = 0
  const lane = async () => {
    for (let n = next++; n < 100; n = next++) {
      const ticket = await create()
      await scan(ticket, `person-${n % 20}`)
      await login(ticket, `person-${n % 20}`)
      const { body } = await poll(ticket)
      if (typeof body.token !== 'string') wrong.push(body)
    }
  }
  await Promise.all(Array.from({ length: 5 }, lane))
  t.same(wrong, [])
  const [denied, canceled] = [await create(), await create()]
  t.equal((await deny(denied, 'alice')).status, 200)
  t.equal((await cancel(canceled)).status, 204)
  const taken = await call(`${app.url}/ticket`, { json: { scene: denied.scene } })
  t.not(taken.status, 201, 'a scene is issued once')
  t.notMatch(app.logged(), /"statusCode":500/)

  const { rows } = await sql<{ n: number }>`
    select count(distinct tableoid)::int as n from tickets
  `.execute(db)
  t.equal(rows[0]?.n, PARTITIONS, 'they lie in all of them')
  await sql`
    update tickets set created_at = now() - interval '1 day', expires_at = now() - interval '1 day'
  `.execute(db)
  await sweepTickets(db, windows)
  t.same((await sql`select from tickets`.execute(db)).rows, [])
})
