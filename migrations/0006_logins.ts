import { sql, type Kysely } from 'kysely'

/**
 * The audit trail: one row a decision, written by the statement that makes it. No key points to
 * `tickets` or `users`: a row outlives its ticket, and says what was true then. Unlike polls, decisions
 * are few, so where `tickets` is distributed this table stays whole, on one node.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table logins (
      id bigint generated always as identity,
      created_at timestamptz not null default now(),
      outcome text not null,
      reason text,
      scene text collate "C",
      user_id uuid,
      appid text collate "C" not null,
      openid text collate "C" not null,
      requested_ip text,
      requested_browser text,
      requested_os text,
      phone_ip text,
      constraint logins_pkey primary key (id),
      constraint logins_outcome_known check (outcome in ('confirmed', 'denied', 'signed_in')),
      constraint logins_reason_known check (reason in ('declined', 'wrong_match_code')),
      constraint logins_reason_state check ((reason is not null) = (outcome = 'denied')),
      constraint logins_scene_state check ((scene is null) = (outcome = 'signed_in')),
      constraint logins_user_state check ((user_id is null) = (outcome = 'denied')),
      constraint logins_scene_length check (length(scene) between 22 and 32),
      constraint logins_appid_length check (length(appid) between 1 and 64),
      constraint logins_openid_length check (length(openid) between 1 and 128),
      constraint logins_requested_ip_length check (length(requested_ip) <= 45),
      constraint logins_requested_browser_length check (length(requested_browser) <= 64),
      constraint logins_requested_os_length check (length(requested_os) <= 64),
      constraint logins_phone_ip_length check (length(phone_ip) <= 45)
    )
  `.execute(db)

  // For the sweep, and for the question what happened when.
  await sql`create index logins_created_at_idx on logins (created_at)`.execute(db)
  await sql`
    create index logins_user_id_idx on logins (user_id, created_at) where user_id is not null
  `.execute(db)
}
