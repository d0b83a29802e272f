import { sql, type RawBuilder } from 'kysely'
import type { Db } from '../db/pool.ts'
import type { Identity, Person } from '../identity.ts'

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

/** Whether any person of this account has ever signed in, and is not forgotten. */
export async function hasPeople(db: Db, appid: string): Promise<boolean> {
  const { rows } = await sql<{ found: boolean }>`
    select exists (select from identities where appid = ${appid}) as found
  `.execute(db)
  return rows[0]?.found === true
}

/** Whom an identity belongs to, and whom the first one that had its unionid does; null: no user yet. */
export type Owners = {
  owner: string | null
  linked: string | null
  /** The database's clock, in seconds since 1970. */
  now: number
}

export async function findOwners(db: Db, { appid, openid, unionid }: Person): Promise<Owners> {
  const { rows } = await sql<Owners>`
    select
      (select user_id from identities where appid = ${appid} and openid = ${openid}) as owner,
      (
        select user_id from identities where unionid = ${unionid} order by created_at limit 1
      ) as linked,
      extract(epoch from now())::float8 as now
  `.execute(db)
  return rows[0] as Owners
}

/** The id of an identity's user, null before its first sight: for use in another statement. */
export const userIdOf = ({ appid, openid }: Identity): RawBuilder<unknown> =>
  sql`select user_id from identities where appid = ${appid} and openid = ${openid}`
