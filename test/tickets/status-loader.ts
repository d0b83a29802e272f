import { sql } from 'kysely'
import t from 'tap'
import { connectReadReplica } from '../../src/db/connect.ts'
import { createStatusLoader } from '../../src/tickets/status-loader.ts'
import { pollTicket } from '../../src/tickets/poll.ts'
import { newScene } from '../../src/tickets/secret.ts'
import { postgresDb, postgresUrl, quietLog } from '../fixtures/postgres/database.ts'
import { cuttable } from '../fixtures/network/proxy.ts'
import { alice, arrange, confirmAs, wrongSecret } from '../fixtures/tickets/arrange.ts'
import { outcome } from '../fixtures/tickets/observe.ts'
import { expire } from '../fixtures/tickets/time.ts'

// Another database stands in for the read replica, a copy that follows when a test says so.
const { db } = await postgresDb(t)
const way = await cuttable(t, await postgresUrl(t))
await way.mend()
const replica = await connectReadReplica({ url: way.url, log: quietLog })
t.teardown(replica.close)

const heard: unknown[] = []
const loader = createStatusLoader(db, {
  readReplica: { db: replica.db, onChange: (failure) => heard.push(failure) },
})
const poll = (ticket: { scene: string; secretHash: string }) => pollTicket(db, ticket, loader)

/** The ticket as it stands now arrives at the read replica. */
async function follow({ scene }: { scene: string }): Promise<void> {
  const { rows } = await sql<{ row: string }>`
    select to_jsonb(tickets)::text as row from tickets where scene = ${scene}
  `.execute(db)
  await sql`delete from tickets where scene = ${scene}`.execute(replica.db)
  await sql`
    insert into tickets
    select * from jsonb_populate_record(null::tickets, ${rows[0]?.row}::jsonb)
  `.execute(replica.db)
}

t.test('a ticket that waits is read from the read replica alone', async (t) => {
  const ticket = await arrange(db, 'pending')
  await follow(ticket)
  await sql`delete from tickets where scene = ${ticket.scene}`.execute(db)
  t.match(await poll(ticket), { status: 'pending', expiresIn: 120 })
  t.equal(await outcome(poll({ ...ticket, secretHash: wrongSecret })), 'BAD_SECRET')
})

t.test('what the read replica has not heard of is asked of the database', async (t) => {
  const ticket = await arrange(db, 'pending')
  t.match(await poll(ticket), { status: 'pending' })
  t.equal(await outcome(poll({ ...ticket, scene: newScene() })), 'TICKET_NOT_FOUND')
})

t.test('a read replica that is behind ends nothing', async (t) => {
  const ticket = await arrange(db, 'scanned')
  await follow(ticket)
  await sql`update tickets set status = 'pending' where scene = ${ticket.scene}`.execute(replica.db)
  await expire(replica.db, ticket)
  t.match(await poll(ticket), { status: 'scanned', expiresIn: 90 }, 'expired there, scanned here')

  await confirmAs(db, ticket, alice)
  t.match(await poll(ticket), { status: 'confirmed', delivery: { token: ticket.token } })
})

t.test('a confirmation is told once the read replica has it, and delivered once', async (t) => {
  const ticket = await arrange(db, 'scanned')
  await follow(ticket)
  await confirmAs(db, ticket, alice)
  t.match(await poll(ticket), { status: 'scanned' }, 'not yet')
  await follow(ticket)
  t.match(await poll(ticket), { status: 'confirmed', delivery: { first: true } })
  t.match(await poll(ticket), { status: 'confirmed', delivery: { first: false } })
})

t.test('one batch may hold all kinds', async (t) => {
  const [known, fresh, done] = [
    await arrange(db, 'pending'),
    await arrange(db, 'pending'),
    await arrange(db, 'denied'),
  ]
  await follow(known)
  await follow(done)
  const answers = await Promise.all([known, fresh, done].map(poll))
  t.same(
    answers.map(({ status }) => status),
    ['pending', 'pending', 'denied'],
  )
})

t.test('while it is silent the database answers, and that is said once', async (t) => {
  const tickets = await Promise.all(Array.from({ length: 5 }, () => arrange(db, 'pending')))
  t.same(heard, [])
  await way.cut()
  for (const ticket of tickets) t.match(await poll(ticket), { status: 'pending' })
  t.equal(heard.length, 1)
  t.type(heard[0], Error)

  await way.mend()
  const [ticket] = tickets as [(typeof tickets)[number]]
  for (let i = 0; heard.length === 1 && i < 100; i++) {
    t.match(await poll(ticket), { status: 'pending' })
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  t.equal(heard[1], null)
})
