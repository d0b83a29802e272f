import { sql, type Kysely } from 'kysely'

/**
 * Code images in a table of their own, by scene: written once, by the instance that has the code
 * made, for a code in stock and for the ticket that takes it. Unlogged: an image that a crash or a
 * failover takes away is made again for the same scene, and 60 kB are not worth their write-ahead log.
 *
 * The stock becomes unlogged, too. It is empty after a crash, a failover, a restored base backup:
 * a code from the past may have been handed out already. `made_on` tells what is left, a copy of the
 * files of a stopped server and a restored dump.
 *
 * Instances of the version before go on with `tickets.code_image` and `code_stock.image`, which is why
 * both stay for a release: after it nothing reads them. They write no `made_on`.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create unlogged table code_images (
      scene text collate "C" not null,
      image bytea not null,
      created_at timestamptz not null default now(),
      constraint code_images_pkey primary key (scene),
      constraint code_images_scene_shape check (scene ~ '^[A-Za-z0-9_-]{22,32}$'),
      constraint code_images_image_length check (octet_length(image) <= 1048576)
    )
  `.execute(db)
  // An image is compressed already: trying again would cost CPU and save nothing.
  await sql`alter table code_images alter column image set storage external`.execute(db)

  await sql`alter table code_stock set unlogged`.execute(db)
  await sql`
    alter table code_stock
      alter column image drop not null,
      add column made_on text collate "C",
      add constraint code_stock_made_on_length check (length(made_on) between 1 and 64)
  `.execute(db)
}
