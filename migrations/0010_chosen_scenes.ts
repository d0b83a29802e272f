import { sql, type Kysely } from 'kysely'

/**
 * Scenes of browsers' own making, remembered for good after their tickets have gone: a code once
 * printed can be scanned for ever, so its scene must never be issued again. Scenes that the service
 * makes are not here, because they show by themselves where they come from.
 *
 * A row has the first 16 bytes of the scene's SHA-256 and takes 100 bytes with its index.
 */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    create table chosen_scenes (
      hash bytea not null,
      constraint chosen_scenes_pkey primary key (hash),
      constraint chosen_scenes_hash_length check (octet_length(hash) = 16)
    )
  `.execute(db)
  // Of tickets that are there already it is not known who made their scenes.
  await sql`
    insert into chosen_scenes (hash)
    select substring(sha256(scene::bytea) from 1 for 16) from tickets
  `.execute(db)
}
