import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
import { findCode, storeCodeImage } from '../../src/tickets/code.ts'
import { confirmTicket } from '../../src/tickets/confirm.ts'
import { createTicket } from '../../src/tickets/create.ts'
import { pollTicket } from '../../src/tickets/poll.ts'
import { scanTicket } from '../../src/tickets/scan.ts'
import { hashSecret, newScene } from '../../src/tickets/secret.ts'
import { identifyUser } from '../../src/users/identify.ts'
import { drawCode } from '../../src/wechat/draw-code.ts'
import { postgresUrl, quietLog } from '../fixtures/postgres/database.ts'
import { requester, windows } from '../fixtures/tickets/arrange.ts'

t.test('whole logins change nothing that an index has', async (t) => {
  const url = await postgresUrl(t)
  const open = async (poolSize: number) => connect({ url, poolSize, log: quietLog })
  const image = await drawCode('https://login.example/sandbox/phone?scene=x', 430)
  const [rounds, together] = [40, 8]
  const logins = rounds * together
  const token = 'x'.repeat(600)
  // Several tickets are under way at any time, as on a site.
  const busy = await open(1)
  for (let round = 0; round < rounds; round++) {
    const { db } = busy
    const tickets = []
    for (let i = 0; i < together; i++) {
      const { scene, secret } = await createTicket(db, { windows, requester })
      const identity = { appid: 'wx5a4db0c500000000', openid: `o-${round}-${i}` }
      const poll = () => pollTicket(db, { scene, secretHash: hashSecret(secret) })
      tickets.push({ scene, identity, poll })
    }
    for (const { scene } of tickets) {
      if ((await findCode(db, scene)).image === null) await storeCodeImage(db, scene, image)
    }
    for (const { scene, identity, poll } of tickets) {
      await poll()
      await scanTicket(db, { scene, identity, windows })
    }
    for (const { scene, identity, poll } of tickets) {
      await poll()
      const { id: userId } = await identifyUser(db, { ...identity, unionid: null })
      const trail = { phoneIp: '198.51.100.7' }
      await confirmTicket(db, { scene, identity, userId, token, windows, trail })
    }
    for (const { poll } of tickets) {
      if ((await poll()).delivery?.token !== token) t.fail('no token')
    }
  }
  // A session hands its counts in when it ends, at the latest.
  await busy.close()

  const { db, close } = await open(1)
  t.teardown(close)
  type Counts = { updates: number; hot: number; elsewhere: number }
  const read = async (): Promise<Counts> => {
    const { rows } = await sql<Counts>`
      select n_tup_upd::int as updates, n_tup_hot_upd::int as hot,
        n_tup_newpage_upd::int as elsewhere
      from pg_stat_user_tables where relname = 'tickets'
    `.execute(db)
    return rows[0] as Counts
  }
  let counts = await read()
  for (let i = 0; i < 500 && counts.updates < logins * 3; i++) {
    await sleep(20)
    counts = await read()
  }
  t.equal(counts.updates, logins * 3, 'scan, confirmation, delivery: one update each')
  const { updates, hot, elsewhere } = counts
  t.equal(hot + elsewhere, updates, 'none changes what an index has')
  // Fewer where autovacuum looks at the table meanwhile, because rows cannot be pruned then.
  t.ok(hot / updates >= 0.75, `${hot} of ${updates} are heap-only: their page has room`)

  await t.test('a poll reads by primary key', async (t) => {
    await sql`analyze tickets`.execute(db)
    const polling = await open(1)
    t.teardown(polling.close)
    await t.rejects(pollTicket(polling.db, { scene: newScene(), secretHash: '0'.repeat(64) }), {
      code: 'TICKET_NOT_FOUND',
    })
    // The statement as it was sent, so that this test cannot explain another one.
    const { rows } = await sql<{ query: string }>`
      select query from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and query ~ 'from tickets'
    `.execute(db)
    t.equal(rows.length, 1)
    const plan = await sql<Record<string, string>>`
      explain (generic_plan) ${sql.raw(rows[0]?.query ?? '')}
    `.execute(db)
    const text = plan.rows.map((row) => row['QUERY PLAN']).join('\n')
    t.match(text, /Index Scan (using|on) tickets_pkey/)
    t.match(text, /Index Cond: \(scene = ANY/)
  })
})
