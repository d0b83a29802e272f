import { sql, type Kysely } from 'kysely'

/**
 * When the audit trail last got a row about a user's own login, so that it gets one an hour at most,
 * by one guarded update.
 *
 * Identities that point to a user who was merged away, as simultaneous merges could leave them before,
 * are led to the user who stayed. The index finds whom a user has taken in.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`alter table users add column own_login_at timestamptz`.execute(db)
  await sql`
    create index users_merged_into_idx on users (merged_into) where merged_into is not null
  `.execute(db)
  await sql`
    with recursive ways as (
      select id as gone, merged_into as kept
      from users
      where merged_into is not null
      union
      select ways.gone, users.merged_into
      from ways
      join users on users.id = ways.kept
      where users.merged_into is not null
    )
    update identities
    set user_id = ways.kept
    from ways
    join users on users.id = ways.kept and users.merged_into is null
    where identities.user_id = ways.gone
  `.execute(db)
}
