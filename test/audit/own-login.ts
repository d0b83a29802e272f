import { sql } from 'kysely'
import t from 'tap'
import { recordOwnLogin } from '../../src/audit/record.ts'
import type { Db } from '../../src/db/pool.ts'
import { identifyUser } from '../../src/users/identify.ts'
import { databases } from '../fixtures/postgres/database.ts'

const rowsOf = async (db: Db, userId: string): Promise<Record<string, unknown>[]> => {
  const { rows } = await sql<{ row: Record<string, unknown> }>`
    select to_jsonb(logins) as row from logins where user_id = ${userId}::uuid order by id
  `.execute(db)
  return rows.map(({ row }) => row)
}

for (const { name, open } of databases) {
  t.test(`own logins leave one row a person and hour, on ${name}`, async (t) => {
    const { db } = await open(t)
    const person = { appid: 'wx1', openid: 'o-own', unionid: null }
    const { id: userId } = await identifyUser(db, person)
    const login = (phoneIp = '198.51.100.7') => recordOwnLogin(db, { ...person, userId, phoneIp })

    await Promise.all(Array.from({ length: 20 }, () => login()))
    t.match(await rowsOf(db, userId), [
      { outcome: 'signed_in', appid: 'wx1', openid: 'o-own', phone_ip: '198.51.100.7' },
    ])
    t.equal((await rowsOf(db, userId)).length, 1, 'of twenty at once one writes it')

    await login()
    await sql`update users set own_login_at = now() - interval '59 minutes'`.execute(db)
    await login()
    t.equal((await rowsOf(db, userId)).length, 1)

    await sql`update users set own_login_at = now() - interval '60 minutes'`.execute(db)
    await Promise.all(Array.from({ length: 20 }, () => login('203.0.113.9')))
    t.match(await rowsOf(db, userId), [{}, { phone_ip: '203.0.113.9' }])
    t.equal((await rowsOf(db, userId)).length, 2, 'the next hour has one of its own')

    const other = await identifyUser(db, { ...person, openid: 'o-other' })
    await recordOwnLogin(db, { ...person, openid: 'o-other', userId: other.id, phoneIp: null })
    t.equal((await rowsOf(db, other.id)).length, 1, 'and each person')
  })
}
