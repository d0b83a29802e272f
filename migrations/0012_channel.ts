import { sql, type Kysely } from 'kysely'

/** Which door a ticket's code leads to: a ticket is scanned and decided through that one alone. */
export async function up(db: Kysely<unknown>): Promise<void> {
  await sql`
    alter table tickets
    add column channel text not null default 'miniprogram'
      constraint tickets_channel_known check (channel in ('miniprogram', 'official_account'))
  `.execute(db)
}
