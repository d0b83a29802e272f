import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import type { Person } from '../identity.ts'
import { findIdentity, findUserByUnionid } from './find.ts'

export type IdentifiedUser = {
  id: string
  /** Whether this call registered the identity: its first sight. */
  created: boolean
  /** The database's clock, in seconds since 1970: what a token is issued at. */
  now: number
}

/**
 * The user behind an identity, registered on first sight. Identities with the same unionid are one
 * user, also when the unionid appears late: WeChat gives it only once the mini program is bound to
 * an Open Platform account.
 *
 * @see https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/union-id.html
 */
export async function identifyUser(db: Db, person: Person): Promise<IdentifiedUser> {
  const known = await findIdentity(db, person)
  if (known && (person.unionid === null || person.unionid === known.unionid)) {
    return { id: known.user_id, created: false, now: known.now }
  }
  return db.transaction().execute(async (tx) => {
    // First the identity, then the unionid: every caller takes the two locks in this order.
    await lock(tx, `identity:${person.appid}:${person.openid}`)
    if (person.unionid !== null) await lock(tx, `unionid:${person.unionid}`)
    return register(tx, person)
  })
}

async function register(tx: Db, person: Person): Promise<IdentifiedUser> {
  const known = await findIdentity(tx, person)
  const linked = person.unionid === null ? undefined : await findUserByUnionid(tx, person.unionid)

  if (!known) {
    const userId = linked ?? (await createUser(tx))
    await sql`
      insert into identities (appid, openid, user_id, unionid)
      values (${person.appid}, ${person.openid}, ${userId}::uuid, ${person.unionid})
    `.execute(tx)
    return { id: userId, created: true, now: await clock(tx) }
  }

  if (person.unionid !== null && person.unionid !== known.unionid) {
    await sql`
      update identities
      set unionid = ${person.unionid}
      where appid = ${person.appid} and openid = ${person.openid}
    `.execute(tx)
  }
  const userId =
    linked !== undefined && linked !== known.user_id
      ? await merge(tx, known.user_id, linked)
      : known.user_id
  return { id: userId, created: false, now: known.now }
}

/** Two users turn out to be one person: the older stays, and the other says where it went. */
async function merge(tx: Db, a: string, b: string): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    select id from users where id in (${a}::uuid, ${b}::uuid) order by created_at, id for update
  `.execute(tx)
  const kept = rows[0]?.id ?? a
  const gone = kept === a ? b : a
  await sql`update identities set user_id = ${kept}::uuid where user_id = ${gone}::uuid`.execute(tx)
  await sql`
    update users set merged_into = ${kept}::uuid where ${gone}::uuid in (id, merged_into)
  `.execute(tx)
  return kept
}

async function createUser(tx: Db): Promise<string> {
  const { rows } = await sql<{ id: string }>`
    insert into users default values returning id
  `.execute(tx)
  return (rows[0] as { id: string }).id
}

async function clock(tx: Db): Promise<number> {
  const { rows } = await sql<{ now: number }>`
    select extract(epoch from now())::float8 as now
  `.execute(tx)
  return (rows[0] as { now: number }).now
}

async function lock(tx: Db, name: string): Promise<void> {
  await sql`select pg_advisory_xact_lock(hashtextextended(${name}, 0))`.execute(tx)
}
