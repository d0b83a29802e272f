import { sql, type Kysely } from 'kysely'

/**
 * Codes made in advance, and the lease that lets one instance at a time make them.
 * Unlogged, like what else is worth a minute: a lease that a crash takes away is free again.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table code_stock (
      scene text collate "C" not null,
      made_for text not null,
      image bytea not null,
      created_at timestamptz not null default now(),
      constraint code_stock_pkey primary key (scene),
      constraint code_stock_scene_shape check (scene ~ '^[A-Za-z0-9_-]{22,32}$'),
      constraint code_stock_made_for_length check (length(made_for) between 1 and 64),
      constraint code_stock_image_length check (octet_length(image) <= 1048576)
    )
  `.execute(db)

  await sql`
    create unlogged table leases (
      name text collate "C" not null,
      owner text collate "C" not null,
      expires_at timestamptz not null,
      constraint leases_pkey primary key (name),
      constraint leases_name_length check (length(name) between 1 and 64),
      constraint leases_owner_length check (length(owner) between 1 and 64)
    )
  `.execute(db)
}
