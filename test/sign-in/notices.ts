import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
import type { Db } from '../../src/db/pool.ts'
import { confirmTicket } from '../../src/tickets/confirm.ts'
import { createTicket } from '../../src/tickets/create.ts'
import type { Origin, Requester } from '../../src/tickets/ticket.ts'
import { findTicket } from '../../src/tickets/find.ts'
import { scanTicket } from '../../src/tickets/scan.ts'
import { factsAbout } from '../../src/sign-in/facts.ts'
import { noticesOf } from '../../src/sign-in/notices.ts'
import { identifyUser } from '../../src/users/identify.ts'
import { databases, postgresUrl, quietLog } from '../fixtures/postgres/database.ts'
import { alice, requester, trail, unknownRequester, windows } from '../fixtures/tickets/arrange.ts'

const home: Origin = { ip: '203.0.113.9', network: '203.0.113.9', country: 'CN' }
const mobile: Origin = { ip: '198.51.100.7', network: '198.51.100.7', country: 'CN' }
const abroad: Origin = { ip: '192.0.2.1', network: '192.0.2.1', country: 'US' }

/** Tickets that an address opened so many seconds ago. */
const open = (db: Db, count: number, network = home.network, age = 0) =>
  sql`
    insert into tickets (
      scene, secret_hash, match_code, created_at, expires_at, requested_network
    )
    select
      md5(gen_random_uuid()::text), decode(repeat('00', 32), 'hex'), '47',
      now() - ${age}::int * interval '1 second', now(), ${network}
    from generate_series(1, ${count}::int)
  `.execute(db)

for (const { name, open: openDatabase } of databases) {
  t.test(name, async (t) => {
    const { db } = await openDatabase(t)

    async function notices(
      browser: Partial<Requester>,
      phone: Origin,
      { usual = 3, keepTrail = false } = {},
    ) {
      const { scene } = await createTicket(db, {
        windows,
        requester: { ...requester, ...browser },
      })
      const ticket = await findTicket(db, scene)
      const facts = factsAbout({ ticket, identity: alice, phone, usual, trail: keepTrail })
      const { beside } = await scanTicket(db, {
        scene,
        identity: alice,
        beside: facts.columns,
        windows,
      })
      const found = noticesOf(facts.of(beside))
      await sql`delete from tickets`.execute(db)
      return found
    }

    await t.test('what differs between browser and phone', async (t) => {
      const otherCountry = { kind: 'other_country', browser: 'US', phone: 'CN' }
      const otherAddress = { kind: 'other_address' }
      t.same(await notices(home, home), [], 'nothing')
      t.same(await notices(home, mobile), [otherAddress], 'the address')
      t.same(await notices(abroad, home), [otherCountry], 'the country says more')
      t.same(await notices({ ...abroad, country: null }, home), [otherAddress])
      t.same(await notices(abroad, { ...home, country: null }), [otherAddress])
      t.same(await notices({ ...home, country: 'US' }, home), [otherCountry], 'one address or not')
      const unknown = { ip: null, network: null, country: null }
      t.same(await notices(unknownRequester, home), [], 'unknown differs from nothing')
      t.same(await notices(home, unknown), [])
      t.same(await notices(unknownRequester, unknown), [])
    })

    await t.test('an IPv6 customer is one address', async (t) => {
      const at = (ip: string, network: string) => ({ ip, network, country: null })
      const one = at('2001:db8::1', '2001:db8:0:0::/64')
      t.same(await notices(one, at('2001:db8::2', '2001:db8:0:0::/64')), [])
      t.same(await notices(one, at('2001:db8:0:1::1', '2001:db8:0:1::/64')), [
        { kind: 'other_address' },
      ])
    })

    await t.test('other tickets of the address, when they are more than usual', async (t) => {
      await open(db, 3)
      t.same(await notices(home, home), [], 'three others are usual')
      await open(db, 4)
      t.same(await notices(home, home), [{ kind: 'many_tickets', count: 4 }])
      await open(db, 3)
      await open(db, 3, mobile.network)
      await open(db, 3, home.network, 300)
      t.same(await notices(home, home), [], 'those of another address and older ones do not count')
      await open(db, 4, home.network, 240)
      t.same(await notices(home, home), [{ kind: 'many_tickets', count: 4 }], 'five minutes')
      await open(db, 4)
      t.same(
        await notices(unknownRequester, home),
        [],
        'where the address is unknown there is no telling',
      )
    })

    await t.test('the count has an end', async (t) => {
      await open(db, 1_100)
      t.same(await notices(home, home, { usual: 999 }), [{ kind: 'many_tickets', count: 1000 }])
      await open(db, 1_100)
      t.same(await notices(home, home, { usual: 1000 }), [], 'where hundreds are usual, none')
    })

    await t.test('a browser that this person has not signed in from', async (t) => {
      const asking = (browser: object) => notices(browser, home, { keepTrail: true })
      const isNew = [{ kind: 'new_browser' }]
      t.same(await notices(home, home), [], 'without a trail there is no telling')
      t.same(await asking(home), isNew, 'the very first')
      const { id: userId } = await identifyUser(db, { ...alice, unionid: null })
      const { scene } = await createTicket(db, { windows, requester })
      const login = { scene, identity: alice, userId, token: 'x', windows }
      await confirmTicket(db, { ...login, trail })
      t.same(await asking(home), [])
      t.same(await asking({ ...home, browser: 'Chrome 150' }), [], 'an update')
      t.same(await asking({ ...home, os: 'Linux' }), isNew)
    })

    await t.test('the gravest comes first', async (t) => {
      await open(db, 9)
      const all = await notices({ ...abroad, network: home.network, os: 'Linux' }, mobile, {
        keepTrail: true,
      })
      t.same(
        all.map(({ kind }) => kind),
        ['other_country', 'many_tickets', 'new_browser'],
      )
      await open(db, 9)
      const near = await notices({ ...home, os: 'Linux' }, mobile, { keepTrail: true })
      t.same(
        near.map(({ kind }) => kind),
        ['many_tickets', 'new_browser', 'other_address'],
      )
    })
  })
}

t.test('both reads go by an index', async (t) => {
  const url = await postgresUrl(t)
  const { db, close } = await connect({ url, poolSize: 1, log: quietLog })
  const asking = await connect({ url, poolSize: 2, log: quietLog })
  t.teardown(() => Promise.all([close(), asking.close()]))
  for (let i = 0; i < 40; i++) await open(db, 50, `192.0.2.${i}`)
  await sql`
    insert into logins (outcome, user_id, appid, openid)
    select 'signed_in', gen_random_uuid(), 'wx1', 'o' from generate_series(1, 2000)
  `.execute(db)
  await sql`analyze tickets, logins`.execute(db)
  const { scene } = await createTicket(db, { windows, requester })
  const ticket = await findTicket(db, scene)
  const { columns } = factsAbout({ ticket, identity: alice, phone: home, usual: 3, trail: true })
  await sql`select ${columns}`.execute(asking.db)

  // The statement as it was sent, so that this test cannot explain another; planned, as it is, for the
  // values it comes with.
  const { rows } = await sql<{ query: string }>`
    select query from pg_stat_activity
    where datname = current_database() and pid <> pg_backend_pid()
      and query ~ 'from tickets' and query ~ 'from logins'
  `.execute(db)
  t.equal(rows.length, 1)
  await sql`set plan_cache_mode = force_custom_plan`.execute(db)
  await sql`prepare facts as ${sql.raw(rows[0]?.query ?? '')}`.execute(db)
  const values = [
    home.network,
    300,
    scene,
    1000,
    alice.appid,
    alice.openid,
    500,
    'Chrome',
    'Windows',
  ]
  const explained = await sql<Record<string, string>>`
    explain execute facts(${sql.join(values.map((value) => sql.lit(value)))})
  `.execute(db)
  const plan = explained.rows.map((row) => row['QUERY PLAN']).join('\n')
  t.match(plan, /tickets_requested_network_idx/)
  t.match(plan, /logins_user_id_idx/)
  t.match(plan, /identities_pkey/)
})
