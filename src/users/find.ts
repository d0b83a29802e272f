import { sql, type RawBuilder } from 'kysely'
import type { Db } from '../db/pool.ts'
import type { Identity } from '../identity.ts'

export type KnownIdentity = {
  user_id: string
  unionid: string | null
  /** The database's clock, in seconds since 1970. */
  now: number
}

export async function findIdentity(
  db: Db,
  { appid, openid }: Identity,
): Promise<KnownIdentity | undefined> {
  const { rows } = await sql<KnownIdentity>`
    select user_id, unionid, extract(epoch from now())::float8 as now
    from identities
    where appid = ${appid} and openid = ${openid}
  `.execute(db)
  return rows[0]
}

/** The user of the first identity that had this unionid. */
export async function findUserByUnionid(db: Db, unionid: string): Promise<string | undefined> {
  const { rows } = await sql<{ user_id: string }>`
    select user_id from identities where unionid = ${unionid} order by created_at limit 1
  `.execute(db)
  return rows[0]?.user_id
}

/** The id of an identity's user, null before its first sight: for use in another statement. */
export const userIdOf = ({ appid, openid }: Identity): RawBuilder<unknown> =>
  sql`select user_id from identities where appid = ${appid} and openid = ${openid}`
