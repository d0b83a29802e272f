import { sql, type Kysely } from 'kysely'

/**
 * OpenID Connect: apps that sign people in through this service, what the protocol must remember, and
 * the RSA keys that sign id_tokens. They have a table of their own, because an instance of the version
 * before takes every row of `signing_keys` for a P-256 key.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table oidc_clients (
      id text collate "C" not null,
      name text not null,
      secret_hash bytea,
      device boolean not null default false,
      redirect_uris text[] not null default '{}',
      post_logout_redirect_uris text[] not null default '{}',
      home_url text,
      id_token_alg text not null default 'RS256',
      refresh boolean not null default false,
      wechat boolean not null default false,
      placeholder_email boolean not null default false,
      disabled_at timestamptz,
      created_at timestamptz not null default now(),
      constraint oidc_clients_pkey primary key (id),
      constraint oidc_clients_id_shape check (id ~ '^[A-Za-z0-9._-]{1,64}$'),
      constraint oidc_clients_name_length check (length(name) between 1 and 64),
      constraint oidc_clients_secret_hash_length check (length(secret_hash) = 32),
      constraint oidc_clients_redirect_uris_count check (cardinality(redirect_uris) <= 32),
      constraint oidc_clients_post_logout_redirect_uris_count check (
        cardinality(post_logout_redirect_uris) <= 32
      ),
      constraint oidc_clients_way_back check (device or cardinality(redirect_uris) > 0),
      constraint oidc_clients_home_url_length check (length(home_url) between 1 and 2048),
      constraint oidc_clients_id_token_alg_known check (id_token_alg in ('RS256', 'ES256'))
    )
  `.execute(db)

  // `id` is the hash of what a bearer shows; the other keys open nothing. user_code opens no more than
  // the question on the phone.
  await sql`
    create table oidc_records (
      model text collate "C" not null,
      id text collate "C" not null,
      payload jsonb not null,
      grant_id text collate "C",
      uid text collate "C",
      user_code text collate "C",
      expires_at timestamptz not null,
      consumed_at timestamptz,
      constraint oidc_records_pkey primary key (model, id),
      constraint oidc_records_model_length check (length(model) between 1 and 64),
      constraint oidc_records_id_length check (length(id) between 1 and 64),
      constraint oidc_records_payload_length check (octet_length(payload::text) <= 65536),
      constraint oidc_records_grant_id_length check (length(grant_id) between 1 and 64),
      constraint oidc_records_uid_length check (length(uid) between 1 and 64),
      constraint oidc_records_user_code_shape check (user_code ~ '^[B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4}$')
    )
  `.execute(db)
  await sql`
    create index oidc_records_grant_id_idx on oidc_records (grant_id) where grant_id is not null
  `.execute(db)
  await sql`create index oidc_records_uid_idx on oidc_records (uid) where uid is not null`.execute(
    db,
  )
  await sql`
    create unique index oidc_records_user_code_idx on oidc_records (user_code)
    where user_code is not null
  `.execute(db)
  await sql`create index oidc_records_expires_at_idx on oidc_records (expires_at)`.execute(db)

  await sql`
    create table oidc_keys (
      kid text collate "C" not null,
      private_jwk jsonb not null,
      created_at timestamptz not null default now(),
      signs_from timestamptz not null,
      constraint oidc_keys_pkey primary key (kid),
      constraint oidc_keys_kid_length check (length(kid) between 1 and 64),
      constraint oidc_keys_private_jwk_kind check (
        private_jwk ->> 'kty' = 'RSA' and private_jwk ? 'd'
      )
    )
  `.execute(db)

  // What a ticket signs in to, where that is not the service's own site. A device asked before its
  // ticket was created.
  await sql`
    alter table tickets
    add column client_id text collate "C"
      constraint tickets_client_id_shape check (client_id ~ '^[A-Za-z0-9._-]{1,64}$'),
    add column site text
      constraint tickets_site_length check (length(site) between 1 and 64),
    add column audience text
      constraint tickets_audience_length check (length(audience) between 1 and 512),
    add column device text collate "C"
      constraint tickets_device_shape check (device ~ '^[B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4}$'),
    add column requested_at timestamptz,
    add constraint tickets_client_whole check (
      (client_id is null) = (site is null)
      and (client_id is null) = (audience is null)
      and (device is null or client_id is not null)
    )
  `.execute(db)
  await sql`
    alter table logins
    add column client_id text collate "C"
      constraint logins_client_id_shape check (client_id ~ '^[A-Za-z0-9._-]{1,64}$')
  `.execute(db)
}
