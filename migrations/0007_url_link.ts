import { sql, type Kysely } from 'kysely'

/** The link that opens the mini program, beside the code that does: made once, kept with its ticket. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table tickets
      add column url_link text,
      add constraint tickets_url_link_length check (length(url_link) between 1 and 1024)
  `.execute(db)
}
