import { sql } from 'kysely'
import t from 'tap'
import { despiteConflicts, isConflict } from '../../src/db/conflict.ts'
import { connect } from '../../src/db/connect.ts'
import { startApp } from '../fixtures/app.ts'
import { call, clientOf } from '../fixtures/network/client.ts'
import { postgresUrl, quietLog } from '../fixtures/postgres/database.ts'

const coded = (code: string) => Object.assign(new Error('x'), { code })

t.test('what lost against others is done again, half a dozen times', async (t) => {
  for (const code of ['40001', '40P01']) {
    t.ok(isConflict(coded(code)))
    for (const failures of [0, 1, 5]) {
      let calls = 0
      const work = async () => {
        calls++
        if (calls <= failures) throw coded(code)
        return 'done'
      }
      t.equal(await despiteConflicts(work), 'done')
      t.equal(calls, failures + 1)
    }
    let calls = 0
    const lost = despiteConflicts(async () => {
      calls++
      throw coded(code)
    })
    await t.rejects(lost, { code })
    t.equal(calls, 6)
  }
})

t.test('anything else is an error at once', async (t) => {
  for (const error of [coded('23505'), coded('57014'), new Error('40001'), 'x']) {
    let calls = 0
    const work = despiteConflicts(async () => {
      calls++
      throw error
    })
    t.equal(await work.catch((e: unknown) => e), error)
    t.equal(calls, 1)
    t.notOk(isConflict(error))
  }
})

t.test('a database that gives statements and transactions up', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const { url, db, logged } = await startApp(t, { databaseUrl, logLevel: 'warn' })
  const { create, login } = clientOf(url)
  await sql`create sequence attempts`.execute(db)
  // A sequence does not forget what a rollback undoes.
  await sql`
    create function give_up() returns trigger language plpgsql as $$
      begin
        if nextval('attempts') <= tg_argv[0]::bigint then
          raise exception 'given up' using errcode = tg_argv[1];
        end if;
        return new;
      end
    $$
  `.execute(db)

  async function givesUp(table: string, code: string, times: number): Promise<() => Promise<void>> {
    await sql`alter sequence attempts restart`.execute(db)
    await sql`
      create trigger give_up before insert on ${sql.table(table)}
      for each row execute function give_up(${sql.lit(String(times))}, ${sql.lit(code)})
    `.execute(db)
    return async () => void (await sql`drop trigger give_up on ${sql.table(table)}`.execute(db))
  }

  for (const code of ['40001', '40P01']) {
    await t.test(`${code} a few times is not noticed`, async (t) => {
      const statement = await givesUp('tickets', code, 3)
      t.equal((await call(`${url}/ticket`, { json: {} })).status, 201)
      await statement()

      const transaction = await givesUp('identities', code, 3)
      const answer = await login(await create(), `user-${code.toLowerCase()}`)
      t.match(answer, { status: 200, body: { user: { created: true } } })
      await transaction()
      const { rows } = await sql`
        select from users where id not in (select user_id from identities)
      `.execute(db)
      t.equal(rows.length, 0, 'what was given up has left no user behind')
    })

    await t.test(`${code} again and again is a 503`, async (t) => {
      const busy = { status: 503, body: { code: 'DATABASE_UNAVAILABLE' } }
      const ticket = await create()
      for (const table of ['tickets', 'identities']) {
        const normal = await givesUp(table, code, 1_000)
        const answer = await (table === 'tickets'
          ? call(`${url}/ticket`, { json: {} })
          : login(ticket, `other-${code.toLowerCase()}`))
        t.match(answer, busy, table)
        t.ok(answer.headers.get('retry-after'))
        t.match(logged(), new RegExp(code), 'the log has the reason')
        await normal()
      }
      t.equal((await login(ticket, `other-${code.toLowerCase()}`)).status, 200)
    })
  }
})

t.test('a conflict costs no connection', async (t) => {
  const { db, close } = await connect({ url: await postgresUrl(t), poolSize: 1, log: quietLog })
  t.teardown(close)
  const pid = async () =>
    (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(db)).rows[0]?.pid
  const before = await pid()
  const lost = sql`do $$ begin raise exception 'x' using errcode = '40001'; end $$`.execute(db)
  await t.rejects(lost, { code: '40001' })
  t.equal(await pid(), before)
})
