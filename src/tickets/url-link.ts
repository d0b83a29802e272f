import { sql } from 'kysely'
import type { Db, StoredStatus } from '../db/pool.ts'
import { whilePending } from './ticket.ts'

/**
 * The stored link of a pending ticket, which opens the mini program as its code does; null when it is
 * still to be made. Kept with the ticket, so that asked again on any replica it costs no second call
 * to WeChat.
 *
 * @throws {AppError} `TICKET_NOT_FOUND`; 410 once the ticket is not pending any more
 */
export async function readUrlLink(db: Db, scene: string): Promise<string | null> {
  const { rows } = await sql<{ status: StoredStatus; live: boolean; url_link: string | null }>`
    select status, expires_at > now() as live, url_link
    from tickets
    where scene = ${scene}
  `.execute(db)
  return whilePending(rows[0]).url_link
}

/** Keeps the first link that was made for a ticket. */
export async function storeUrlLink(db: Db, scene: string, link: string): Promise<void> {
  await sql`
    update tickets
    set url_link = ${link}
    where scene = ${scene}
      and status = 'pending'
      and url_link is null
  `.execute(db)
}
