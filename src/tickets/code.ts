import { sql } from 'kysely'
import type { Db, StoredStatus } from '../db/pool.ts'
import { whilePending } from './ticket.ts'

/**
 * The stored image of a pending ticket's code, or null when it is still to be made. Kept with the
 * ticket, so that asked again on any replica it costs no second call to WeChat.
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

/** Keeps the first image that was made for a ticket. */
export async function storeCodeImage(db: Db, scene: string, image: Uint8Array): Promise<void> {
  await sql`
    update tickets
    set code_image = ${image}
    where scene = ${scene}
      and status = 'pending'
      and code_image is null
  `.execute(db)
}
