import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { inTransaction } from '../db/transaction.ts'
import type { Person } from '../identity.ts'
import { findIdentity, findOwners } from './find.ts'
import { lockUsers, mergeUsers } from './merge.ts'

export type IdentifiedUser = {
  id: string
  /** Whether this call registered the identity: its first sight. */
  created: boolean
  /** The database's clock, in seconds since 1970: what a token is issued at. */
  now: number
}

/**
 * The user behind an identity, registered on first sight. Identities with the same unionid are one
 * user, also when the unionid appears late or changes: WeChat gives it only once the mini program is
 * bound to an Open Platform account.
 *
 * @see https://developers.weixin.qq.com/miniprogram/dev/framework/open-ability/union-id.html
 */
export async function identifyUser(db: Db, person: Person): Promise<IdentifiedUser> {
  const known = await findIdentity(db, person)
  if (known && (person.unionid === null || person.unionid === known.unionid)) {
    return { id: known.user_id, created: false, now: known.now }
  }
  // Ends, because each time another call has merged users, and there is one fewer.
  for (;;) {
    const user = await inTransaction(db, (tx) => register(tx, person))
    if (user) return user
  }
}

/**
 * Every caller takes its locks in this order: the identity, the unionid, the users by their ids. Rows of
 * `identities` move from one user to another under the locks of both users.
 *
 * @returns null where another call has merged these users before this one had their locks: to begin
 *   anew, with nothing held, keeps the order
 */
async function register(tx: Db, person: Person): Promise<IdentifiedUser | null> {
  await lock(tx, person)
  const { owner, linked, now } = await findOwners(tx, person)
  const found = { created: owner === null, now }
  if (linked === null || linked === owner) {
    const id = owner === null ? await addUser(tx, person) : await setUnionid(tx, person)
    return { ...found, id }
  }

  const users = await lockUsers(tx, owner === null ? [linked] : [owner, linked])
  const again = await findOwners(tx, person)
  if (!users || again.owner !== owner || again.linked !== linked) return null
  const id = await mergeUsers(tx, users)
  if (owner === null) await addIdentity(tx, person, id)
  else await setUnionid(tx, person)
  return { ...found, id }
}

/** In one statement, which locks from left to right; what is read in it would be from before the locks. */
async function lock(tx: Db, { appid, openid, unionid }: Person): Promise<void> {
  const names = [`identity:${appid}:${openid}`, ...(unionid === null ? [] : [`unionid:${unionid}`])]
  const locks = names.map((name) => sql`pg_advisory_xact_lock(hashtextextended(${name}, 0))`)
  await sql`select ${sql.join(locks)}`.execute(tx)
}

async function addUser(tx: Db, { appid, openid, unionid }: Person): Promise<string> {
  const { rows } = await sql<{ user_id: string }>`
    with person as (
      insert into users default values returning id
    )
    insert into identities (appid, openid, user_id, unionid)
    select ${appid}, ${openid}, id, ${unionid} from person
    returning user_id
  `.execute(tx)
  return (rows[0] as { user_id: string }).user_id
}

async function addIdentity(
  tx: Db,
  { appid, openid, unionid }: Person,
  userId: string,
): Promise<void> {
  await sql`
    insert into identities (appid, openid, user_id, unionid)
    values (${appid}, ${openid}, ${userId}::uuid, ${unionid})
  `.execute(tx)
}

/** @returns the user as they are now: another call may have merged them since they were read */
async function setUnionid(tx: Db, { appid, openid, unionid }: Person): Promise<string> {
  const { rows } = await sql<{ user_id: string }>`
    update identities
    set unionid = coalesce(${unionid}, unionid)
    where appid = ${appid} and openid = ${openid}
    returning user_id
  `.execute(tx)
  return (rows[0] as { user_id: string }).user_id
}
