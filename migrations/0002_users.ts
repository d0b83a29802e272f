import { sql, type Kysely } from 'kysely'

/** Users and their identities: (appid, openid), linked to one user by unionid. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table users (
      id uuid not null default gen_random_uuid(),
      created_at timestamptz not null default now(),
      merged_into uuid,
      constraint users_pkey primary key (id),
      constraint users_merged_into_fkey foreign key (merged_into) references users (id),
      constraint users_merged_into_other check (merged_into <> id)
    )
  `.execute(db)

  await sql`
    create table identities (
      appid text collate "C" not null,
      openid text collate "C" not null,
      user_id uuid not null,
      unionid text collate "C",
      created_at timestamptz not null default now(),
      constraint identities_pkey primary key (appid, openid),
      constraint identities_user_id_fkey foreign key (user_id) references users (id),
      constraint identities_appid_length check (length(appid) between 1 and 64),
      constraint identities_openid_length check (length(openid) between 1 and 128),
      constraint identities_unionid_length check (length(unionid) between 1 and 128)
    )
  `.execute(db)

  await sql`create index identities_user_id_idx on identities (user_id)`.execute(db)
  await sql`
    create index identities_unionid_idx on identities (unionid) where unionid is not null
  `.execute(db)
}
