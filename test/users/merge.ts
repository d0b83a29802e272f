import { randomInt } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import { up as repair } from '../../migrations/0011_users.ts'
import { connect } from '../../src/db/connect.ts'
import type { Db } from '../../src/db/pool.ts'
import { identifyUser } from '../../src/users/identify.ts'
import { postgresDb, postgresUrl, quietLog } from '../fixtures/postgres/database.ts'

const AT_ONCE = 12
const APPS = 4
const PEOPLE = 3

/** Identities of a user who was merged away, and unionids with more than one user. */
async function broken(db: Db): Promise<Record<string, number>> {
  const { rows } = await sql<{ astray: number; divided: number }>`
    select
      (
        select count(*)::int from identities join users on users.id = user_id
        where merged_into is not null
      ) as astray,
      (
        select count(*)::int
        from (
          select from identities where unionid is not null
          group by unionid having count(distinct user_id) > 1
        ) as each
      ) as divided
  `.execute(db)
  return rows[0] as Record<string, number>
}

/**
 * Rounds of a dozen logins at once, through four mini programs.
 *
 * @param unionidOf the unionid that a login of a round comes with
 */
async function play(
  db: Db,
  rounds: number,
  unionidOf: (round: number, nth: number) => string | null,
): Promise<{ errors: unknown[]; bad: number }> {
  const errors: unknown[] = []
  let bad = 0
  for (let round = 0; round < rounds; round++) {
    const logins = Array.from({ length: AT_ONCE }, async (_, nth) => {
      const openid = `o-${round - (round % 4)}-${randomInt(PEOPLE)}`
      const person = { appid: `wx${nth % APPS}`, openid, unionid: unionidOf(round, nth) }
      const { id } = await identifyUser(db, person)
      return id
    })
    for (const result of await Promise.allSettled(logins)) {
      if (result.status === 'rejected') errors.push(result.reason)
    }
    const { astray = 0, divided = 0 } = await broken(db)
    if (astray > 0 || divided > 0) bad++
  }
  return { errors, bad }
}

t.test('identities end with one user, however their unionids change at once', async (t) => {
  const { db } = await postgresDb(t, AT_ONCE)
  for (const [mode, unionidOf] of Object.entries({
    'each time another': (round: number) => `u-${round - (round % 4)}-${randomInt(4)}`,
    'late only': (round: number, nth: number) =>
      round % 4 === 0 ? null : `u-${round - (round % 4)}-${nth % 2}`,
  })) {
    const { errors, bad } = await play(db, 120, unionidOf)
    t.same(errors, [], mode)
    t.equal(bad, 0, `${mode}: rounds that left an identity astray, or a unionid divided`)
  }
  const { rows } = await sql<{ n: number }>`
    select count(*)::int as n from users where merged_into is not null
  `.execute(db)
  t.ok((rows[0]?.n ?? 0) > 20, `${rows[0]?.n} users were merged on the way`)
  const circles = await sql`
    select from users join users as kept on kept.id = users.merged_into
    where kept.merged_into is not null
  `.execute(db)
  t.equal(circles.rows.length, 0, 'each says who stayed, in one step')
})

t.test('two instances merge the same users from both ends', async (t) => {
  const url = await postgresUrl(t)
  const dbs: Db[] = []
  for (let i = 0; i < 2; i++) {
    const { db, close } = await connect({ url, poolSize: 4, log: quietLog })
    t.teardown(close)
    dbs.push(db)
  }
  const [one, two] = dbs as [Db, Db]
  for (let round = 0; round < 60; round++) {
    const person = (side: string) => ({ appid: `wx-${side}`, openid: `o-${round}` })
    const unionid = (side: string) => `u-${round}-${side}`
    await identifyUser(one, { ...person('a'), unionid: unionid('a') })
    await identifyUser(one, { ...person('b'), unionid: unionid('b') })
    // Each takes the other's unionid.
    await Promise.all([
      identifyUser(one, { ...person('a'), unionid: unionid('b') }),
      identifyUser(two, { ...person('b'), unionid: unionid('a') }),
    ])
  }
  t.same(await broken(one), { astray: 0, divided: 0 })
})

t.test('what simultaneous merges left astray before is led home by the migration', async (t) => {
  const { db } = await postgresDb(t)
  await sql`drop index users_merged_into_idx`.execute(db)
  await sql`alter table users drop column own_login_at`.execute(db)
  const id = (n: number) => `${n}0000000-0000-4000-8000-000000000000`
  // 1 stayed; 2 and 3 went one after the other, 4 and 5 in a circle.
  for (const [n, into] of [[1], [2, 1], [3, 2], [4], [5, 4]] as [number, number?][]) {
    await sql`insert into users (id, merged_into) values (${id(n)}, ${into ? id(into) : null})`.execute(
      db,
    )
    await sql`insert into identities (appid, openid, user_id) values ('wx1', ${`o${n}`}, ${id(n)})`.execute(
      db,
    )
  }
  await sql`update users set merged_into = ${id(5)} where id = ${id(4)}`.execute(db)
  await repair(db)
  const { rows } = await sql<{ user_id: string }>`
    select user_id from identities order by openid
  `.execute(db)
  t.same(
    rows.map(({ user_id: user }) => user),
    [id(1), id(1), id(1), id(4), id(5)],
  )
})
