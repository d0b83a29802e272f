import { Kysely, PostgresDialect, sql } from 'kysely'
import pg from 'pg'
import t from 'tap'
import { pollTicket } from '../../src/tickets/poll.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'

const SCENE = 'abcdefghijklmnopqrst-_'

t.test('a poll reads the same few pages among many old rows', async (t) => {
  const seen: { sql: string; parameters: readonly unknown[] }[] = []
  const pool = new pg.Pool({ connectionString: await postgresUrl(t), max: 1 })
  // The pool has ended before its connection has: the end of the database reaches that one, too.
  pool.on('error', () => {})
  const db = new Kysely<unknown>({
    dialect: new PostgresDialect({ pool }),
    log: ({ query }) => void seen.push(query),
  })
  t.teardown(() => db.destroy())

  // Dead in both senses: 200,000 expired tickets, a quarter of them deleted and not vacuumed.
  await sql`alter table tickets set (autovacuum_enabled = off)`.execute(db)
  await sql`
    insert into tickets (scene, secret_hash, match_code, created_at, expires_at)
    select md5(n::text), sha256(n::text::bytea), '47', now() - interval '1 hour', now() - interval '58 minutes'
    from generate_series(1, 200000) as n
  `.execute(db)
  await sql`delete from tickets where scene < '4'`.execute(db)
  await sql`
    insert into tickets (scene, secret_hash, match_code, expires_at)
    values (${SCENE}, ${Buffer.alloc(32)}, '47', now() + interval '1 hour')
  `.execute(db)
  for (let i = 0; i < 50; i++) {
    await sql`update tickets set requested_os = ${String(i)} where scene = ${SCENE}`.execute(db)
  }
  await sql`analyze tickets`.execute(db)

  seen.length = 0
  const poll = await pollTicket(db, { scene: SCENE, secretHash: '0'.repeat(64) })
  t.equal(poll.status, 'pending')
  t.equal(seen.length, 1, 'one statement')
  t.match(seen[0]?.sql, /^select\s/, 'that only reads')

  const plan = await pool.query<{ 'QUERY PLAN': [{ Plan: Record<string, unknown> }] }>(
    `explain (analyze, buffers, format json) ${seen[0]?.sql}`,
    [...(seen[0]?.parameters ?? [])],
  )
  const aggregate = plan.rows[0]?.['QUERY PLAN'][0].Plan ?? {}
  const [top = {}] = aggregate['Plans'] as Record<string, unknown>[]
  t.match(top, { 'Node Type': 'Index Scan', 'Index Name': 'tickets_pkey', 'Actual Rows': 1 })
  const pages = Number(top['Shared Hit Blocks']) + Number(top['Shared Read Blocks'])
  t.ok(pages > 0 && pages <= 8, `${pages} pages: the index's depth and the row`)
})
