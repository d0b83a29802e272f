import { sql, type Kysely } from 'kysely'

/**
 * Tickets: one row an attempt to sign in, found by its scene and nothing else, so the table can be
 * hash-partitioned or distributed by `scene` as it is. That is also why no key points to `users`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table tickets (
      scene text collate "C" not null,
      secret_hash bytea not null,
      status text not null default 'pending',
      match_code text not null,
      created_at timestamptz not null default now(),
      expires_at timestamptz not null,
      requested_ip text,
      requested_browser text,
      requested_os text,
      appid text,
      openid text,
      user_id uuid,
      token text,
      consumed_at timestamptz,
      code_image bytea,
      constraint tickets_pkey primary key (scene),
      constraint tickets_scene_shape check (scene ~ '^[A-Za-z0-9_-]{22,32}$'),
      constraint tickets_secret_hash_length check (octet_length(secret_hash) = 32),
      constraint tickets_status_known check (
        status in ('pending', 'scanned', 'confirmed', 'consumed', 'denied', 'canceled')
      ),
      constraint tickets_match_code_shape check (match_code ~ '^[1-9][0-9]$'),
      constraint tickets_requested_ip_length check (length(requested_ip) <= 45),
      constraint tickets_requested_browser_length check (length(requested_browser) <= 64),
      constraint tickets_requested_os_length check (length(requested_os) <= 64),
      constraint tickets_appid_length check (length(appid) <= 64),
      constraint tickets_openid_length check (length(openid) <= 128),
      constraint tickets_owner_whole check ((appid is null) = (openid is null)),
      constraint tickets_owner_known check (
        openid is not null or status not in ('scanned', 'confirmed', 'consumed')
      ),
      constraint tickets_user_known check (
        (user_id is not null) = (status in ('confirmed', 'consumed'))
      ),
      constraint tickets_token_length check (length(token) <= 4096),
      constraint tickets_token_state check (
        token is null or status in ('confirmed', 'consumed')
      ),
      constraint tickets_consumed_at_state check ((consumed_at is not null) = (status = 'consumed')),
      constraint tickets_code_image_length check (octet_length(code_image) <= 1048576)
    ) with (
      fillfactor = 50,
      autovacuum_vacuum_scale_factor = 0.02,
      autovacuum_vacuum_threshold = 1000
    )
  `.execute(db)

  // The one secondary index, on a column that never changes: status changes stay heap-only updates
  // (the half-empty pages leave room for them), and the sweep finds what is old without a scan.
  await sql`create index tickets_created_at_idx on tickets (created_at)`.execute(db)
}
