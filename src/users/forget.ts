import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import type { Identity } from '../identity.ts'

/**
 * Deletes what is known of an identity: itself and its rows of the audit trail; and the user, where they
 * have no other identity and no user has been merged into them. WeChat wants that of an account whose
 * follower has left it, unless the person has agreed to something else.
 *
 * @see https://developers.weixin.qq.com/doc/service/guide/product/message/Receiving_event_pushes.html
 */
export async function forgetIdentity(db: Db, { appid, openid }: Identity): Promise<void> {
  // Each part of a statement sees what was there before it, so the others are told from this one.
  await sql`
    with trail as (
      delete from logins where appid = ${appid} and openid = ${openid}
    ),
    gone as (
      delete from identities where appid = ${appid} and openid = ${openid} returning user_id
    )
    delete from users
    using gone
    where id = gone.user_id
      and not exists (
        select from identities as other
        where other.user_id = users.id and (other.appid, other.openid) <> (${appid}, ${openid})
      )
      and not exists (select from users as merged where merged.merged_into = users.id)
  `.execute(db)
}
