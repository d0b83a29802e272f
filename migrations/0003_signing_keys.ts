import { sql, type Kysely } from 'kysely'

/** Signing keys of the login token, shared by all instances. The newest one whose time has come signs. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table signing_keys (
      kid text collate "C" not null,
      private_jwk jsonb not null,
      created_at timestamptz not null default now(),
      signs_from timestamptz not null,
      constraint signing_keys_pkey primary key (kid),
      constraint signing_keys_kid_length check (length(kid) between 1 and 64),
      constraint signing_keys_private_jwk_kind check (
        private_jwk ->> 'kty' = 'EC' and private_jwk ->> 'crv' = 'P-256' and private_jwk ? 'd'
      )
    )
  `.execute(db)
}
