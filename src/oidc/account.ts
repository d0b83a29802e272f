import { sql } from 'kysely'
import type { Account, AccountClaims, FindAccount } from 'oidc-provider'
import type { Db } from '../db/pool.ts'
import type { Guard } from './outage.ts'

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

type Known = {
  /** The user whom this one was merged into, or itself. */
  id: string
  appid: string | null
  openid: string | null
  unionid: string | null
  /** Seconds since 1970. */
  since: number
}

/**
 * Finds the person behind a `sub`. One who is gone is not found, and all their tokens with them; one who
 * was merged into another keeps their `sub`, and has the other's claims.
 *
 * @param emailDomain of the placeholder addresses of apps that insist on one; null: there are none
 */
export const createFindAccount =
  (db: Db, guard: Guard, emailDomain: string | null): FindAccount =>
  async (ctx, sub): Promise<Account | undefined> => {
    const known = UUID.test(sub) ? await guard(() => findKnown(db, sub)) : undefined
    if (!known) return undefined
    const { wechat, placeholder_email: hasEmail } = (ctx.oidc.client ?? {}) as Record<
      string,
      unknown
    >
    return {
      accountId: sub,
      claims: (): AccountClaims => ({
        sub,
        ...namesOf(known),
        // By the parameter `claims` an app may ask for more than its scopes say.
        ...(wechat === true && identityOf(known)),
        ...(hasEmail === true &&
          emailDomain !== null && { email: `${sub}@${emailDomain}`, email_verified: false }),
      }),
    }
  }

/** The oldest identity stands for the person: it stays the same through whichever door they come. */
async function findKnown(db: Db, sub: string): Promise<Known | undefined> {
  const { rows } = await sql<Known>`
    select
      person.id, identity.appid, identity.openid, identity.unionid,
      extract(epoch from person.created_at)::int as since
    from users
    join users as person on person.id = coalesce(users.merged_into, users.id)
    left join lateral (
      select appid, openid, unionid
      from identities
      where user_id = person.id
      order by created_at, appid, openid
      limit 1
    ) as identity on true
    where users.id = ${sub}::uuid
  `.execute(db)
  return rows[0]
}

/** WeChat tells no names; these are made of the id, and so never change. */
const namesOf = ({ id, since }: Known) => ({
  name: `微信用户 ${id.slice(0, 4)}`,
  preferred_username: `wx-${id.slice(0, 8)}`,
  updated_at: since,
})

const identityOf = ({ appid, openid, unionid }: Known) =>
  appid === null || openid === null ? {} : { appid, openid, ...(unionid !== null && { unionid }) }
