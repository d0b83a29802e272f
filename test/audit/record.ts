import { sql } from 'kysely'
import t from 'tap'
import type { Db } from '../../src/db/pool.ts'
import type { Overrides, TestApp } from '../fixtures/app.ts'
import { startInstance } from '../fixtures/instance.ts'
import { call } from '../fixtures/network/client.ts'
import { postgresUrl, type Teardown } from '../fixtures/postgres/database.ts'

const databaseUrl = await postgresUrl(t)
const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'

const start = (t: Teardown, overrides: Overrides = {}) =>
  startInstance(t, { databaseUrl, trustProxy: ['127.0.0.1'], ...overrides })

/** A ticket that a browser at this address asked for. */
async function createFrom({ url }: TestApp, ip: string) {
  const { body } = await call(`${url}/ticket`, {
    json: {},
    headers: { 'x-forwarded-for': ip, 'user-agent': CHROME },
  })
  return body as { scene: string; secret: string; match_code: string }
}

/** The whole trail since the last look. */
async function newRows(db: Db): Promise<Record<string, unknown>[]> {
  const { rows } = await sql<{ row: Record<string, unknown> }>`
    with seen as (delete from logins returning *)
    select to_jsonb(seen) as row from seen order by id
  `.execute(db)
  return rows.map(({ row }) => row)
}

const app = await start(t)

t.test('a confirmed login says who, when, from where and which scene', async (t) => {
  const ticket = await createFrom(app, '203.0.113.9')
  await app.scan(ticket, 'alice')
  t.same(await newRows(app.db), [], 'to scan is not to log in')
  const { body } = await call(`${app.url}/login`, {
    json: { code: await app.loginCode('alice'), scene: ticket.scene },
    headers: { 'x-forwarded-for': '198.51.100.7' },
  })
  const [row, ...others] = await newRows(app.db)
  t.same(others, [])
  const { created_at: at, openid, appid, id, ...rest } = row ?? {}
  t.same(rest, {
    outcome: 'confirmed',
    reason: null,
    scene: ticket.scene,
    user_id: body.user.id,
    requested_ip: '203.0.113.9',
    requested_browser: 'Chrome 142',
    requested_os: 'Windows',
    client_id: null,
    phone_ip: '198.51.100.7',
  })
  t.match({ id, appid }, { id: Number, appid: /^wx/ })
  const known = await sql`
    select from identities where appid = ${appid}::text and openid = ${openid}::text
  `.execute(app.db)
  t.equal(known.rows.length, 1)
  t.ok(Math.abs(Date.parse(String(at)) - Date.now()) < 60_000)

  await app.login(ticket, 'alice')
  await app.poll(ticket)
  await app.poll(ticket)
  await app.login(ticket, 'alice')
  await app.login(ticket, 'bob')
  t.same(await newRows(app.db), [], 'a repeat, a delivery and a refusal leave nothing')
})

t.test('a mini program’s own login leaves a row without a scene', async (t) => {
  const { body } = await app.login(null, 'alice')
  t.match(await newRows(app.db), [
    {
      outcome: 'signed_in',
      reason: null,
      scene: null,
      user_id: body.user.id,
      requested_ip: null,
      requested_browser: null,
      phone_ip: '127.0.0.1',
    },
  ])
})

t.test('no means no, and a wrong number is told from it', async (t) => {
  const choosing = await start(t, { matchMode: 'choose' })
  const declined = await choosing.create()
  await choosing.deny(declined, 'carol')
  await choosing.deny(declined, 'carol')
  const picked = await choosing.create()
  const wrong = { match_code: picked.match_code === '10' ? '11' : '10' }
  t.equal((await choosing.login(picked, 'carol', wrong)).status, 403)
  t.equal((await choosing.login(picked, 'carol', wrong)).status, 410)
  const rows = await newRows(app.db)
  t.match(rows, [
    { outcome: 'denied', reason: 'declined', scene: declined.scene, user_id: null },
    { outcome: 'denied', reason: 'wrong_match_code', scene: picked.scene, user_id: null },
  ])
  t.equal(rows.length, 2)
  t.equal(rows[0]?.['openid'], rows[1]?.['openid'], 'the openid says who')
})

t.test('what is not decided leaves nothing', async (t) => {
  await app.cancel(await app.create())
  await app.scan(await app.create(), 'alice')
  t.same(await newRows(app.db), [])
})

t.test('where no trail is kept, everything works and nothing is written', async (t) => {
  const silent = await start(t, { auditDays: 0 })
  const ticket = await silent.create()
  t.equal((await silent.login(ticket, 'alice')).status, 200)
  t.equal((await silent.login(ticket, 'alice')).status, 200, 'a repeat too')
  t.match((await silent.poll(ticket)).body, { status: 'confirmed', token: /^eyJ/ })
  t.equal((await silent.deny(await silent.create(), 'alice')).status, 200)
  t.equal((await silent.login(null, 'alice')).status, 200)
  t.same(await newRows(app.db), [])
})

t.test('no person gets in while the trail cannot be written', async (t) => {
  const ticket = await app.create()
  await sql`alter table logins rename to elsewhere`.execute(app.db)
  t.equal((await app.login(ticket, 'alice')).status, 500)
  t.equal((await app.login(null, 'alice')).status, 500)
  t.match((await app.poll(ticket)).body, { status: 'pending' })
  await sql`alter table elsewhere rename to logins`.execute(app.db)
  t.equal((await app.login(ticket, 'alice')).status, 200)
})
