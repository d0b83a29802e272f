import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { whilePending, type StoredStatus } from './ticket.ts'

/**
 * What WeChat makes for a ticket, its code image and its link, is kept with the ticket: asked again,
 * on any instance, it costs no second call to WeChat. The first that was made stays.
 */

/**
 * The stored image of a pending ticket's code, or null when it is still to be made.
 *
 * @throws {AppError} `TICKET_NOT_FOUND`; 410 once the ticket is not pending any more
 */
export async function readCodeImage(db: Db, scene: string): Promise<Uint8Array | null> {
  const { rows } = await sql<{
    status: StoredStatus
    live: boolean
    code_image: Uint8Array | null
  }>`
    select status, expires_at > now() as live,
      case when status = 'pending' then code_image end as code_image
    from tickets
    where scene = ${scene}
  `.execute(db)
  return whilePending(rows[0]).code_image
}

export async function storeCodeImage(db: Db, scene: string, image: Uint8Array): Promise<void> {
  await sql`
    update tickets
    set code_image = ${image}
    where scene = ${scene}
      and status = 'pending'
      and code_image is null
  `.execute(db)
}

/**
 * The stored link of a pending ticket, which opens the mini program as its code does; null when it is
 * still to be made.
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

export async function storeUrlLink(db: Db, scene: string, link: string): Promise<void> {
  await sql`
    update tickets
    set url_link = ${link}
    where scene = ${scene}
      and status = 'pending'
      and url_link is null
  `.execute(db)
}
