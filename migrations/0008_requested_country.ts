import { sql, type Kysely } from 'kysely'

/**
 * Where the browser that asks is: its country, for the phone to compare with its own, and its address
 * as limits count it (IPv6 as its /64), to tell how many tickets it opened lately. Neither changes
 * after the insert, so with the index, too, status changes stay heap-only updates.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table tickets
      add column requested_country text collate "C",
      add column requested_network text collate "C",
      add constraint tickets_requested_country_shape check (requested_country ~ '^[A-Z]{2}$'),
      add constraint tickets_requested_network_length check (length(requested_network) <= 45)
  `.execute(db)
  await sql`
    create index tickets_requested_network_idx on tickets (requested_network, created_at)
  `.execute(db)
}
