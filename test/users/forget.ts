import { sql } from 'kysely'
import t from 'tap'
import { forgetIdentity } from '../../src/users/forget.ts'
import { identifyUser } from '../../src/users/identify.ts'
import { databases } from '../fixtures/postgres/database.ts'

const OA = 'wx5a4db0c50000000a'
const MINI = 'wx5a4db0c500000000'

for (const { name, open } of databases) {
  t.test(`who is forgotten is gone, and nobody else, on ${name}`, async (t) => {
    const { db } = await open(t)
    const seen = (appid: string, openid: string, unionid: string | null) =>
      identifyUser(db, { appid, openid, unionid })
    const trail = (appid: string, openid: string, userId: string) =>
      sql`
        insert into logins (outcome, user_id, appid, openid)
        values ('signed_in', ${userId}, ${appid}, ${openid})
      `.execute(db)
    const rows = async (table: string): Promise<unknown[]> =>
      (await sql`select from ${sql.table(table)}`.execute(db)).rows
    const hasUser = async (id: string) =>
      (await sql`select from users where id = ${id}`.execute(db)).rows.length === 1

    const alone = await seen(OA, 'o-alone', null)
    const shared = await seen(MINI, 'o-shared-mini', 'u-shared')
    t.equal((await seen(OA, 'o-shared', 'u-shared')).id, shared.id)
    const other = await seen(OA, 'o-other', null)
    const namesake = await seen(MINI, 'o-alone', null)
    for (const [appid, openid, { id }] of [
      [OA, 'o-alone', alone],
      [OA, 'o-shared', shared],
      [MINI, 'o-shared-mini', shared],
      [OA, 'o-other', other],
      [MINI, 'o-alone', namesake],
    ] as const) {
      await trail(appid, openid, id)
    }

    await forgetIdentity(db, { appid: OA, openid: 'o-alone' })
    t.equal(await hasUser(alone.id), false)
    for (const { id } of [shared, other, namesake]) t.equal(await hasUser(id), true)
    t.equal((await rows('logins')).length, 4, 'of the same openid in another account, too')

    await forgetIdentity(db, { appid: OA, openid: 'o-shared' })
    t.equal(await hasUser(shared.id), true, 'who is known by the mini program stays that user')
    t.equal((await seen(MINI, 'o-shared-mini', 'u-shared')).id, shared.id)
    t.equal((await rows('identities')).length, 3)
    t.equal((await rows('logins')).length, 3)

    // Forgotten by both doors, in the end they are gone.
    await forgetIdentity(db, { appid: MINI, openid: 'o-shared-mini' })
    t.equal(await hasUser(shared.id), false)
    await forgetIdentity(db, { appid: OA, openid: 'o-never-seen' })
    t.equal((await rows('users')).length, 2)
  })
}

t.test(
  'a user whom another was merged into stays: tokens with the old id are about them',
  async (t) => {
    const { db } = await (databases[0] as (typeof databases)[number]).open(t)
    const first = await identifyUser(db, { appid: MINI, openid: 'o-1', unionid: null })
    const second = await identifyUser(db, { appid: OA, openid: 'o-2', unionid: 'u' })
    const merged = await identifyUser(db, { appid: MINI, openid: 'o-1', unionid: 'u' })
    t.ok([first.id, second.id].includes(merged.id))
    await forgetIdentity(db, { appid: OA, openid: 'o-2' })
    await forgetIdentity(db, { appid: MINI, openid: 'o-1' })
    const { rows } = await sql<{ id: string }>`
    select id from users where merged_into is null
  `.execute(db)
    t.same(rows, [{ id: merged.id }])
  },
)
