import { sql, type Kysely } from 'kysely'

/**
 * Requests counted per key and window, across instances. Unlogged: a count is worth a minute, and
 * losing it in a crash costs nothing.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create unlogged table rate_limits (
      key text collate "C" not null,
      count integer not null,
      resets_at timestamptz not null,
      constraint rate_limits_pkey primary key (key),
      constraint rate_limits_key_length check (length(key) between 1 and 128),
      constraint rate_limits_count_positive check (count > 0)
    ) with (fillfactor = 70)
  `.execute(db)
}
