import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { keepImage } from './code-images.ts'
import { whilePending, type Channel, type StoredStatus } from './ticket.ts'

/**
 * The code image that WeChat makes for a ticket is kept by its scene: asked again, on any instance, it
 * costs no second call to WeChat. The first that was made stays.
 */

/**
 * The stored image of a pending ticket's code, and whose door it leads to. The image is null when it is
 * still to be made, or again, because a crash of the database took it. Instances of the version before
 * keep it in `tickets`.
 *
 * @throws {AppError} `TICKET_NOT_FOUND`; 410 once the ticket is not pending any more
 */
export async function findCode(
  db: Db,
  scene: string,
): Promise<{ channel: Channel; image: Uint8Array | null }> {
  const { rows } = await sql<{
    status: StoredStatus
    live: boolean
    channel: Channel
    image: Uint8Array | null
  }>`
    select status, channel, expires_at > now() as live,
      case when status = 'pending' then
        coalesce((select image from code_images as i where i.scene = tickets.scene), code_image)
      end as image
    from tickets
    where scene = ${scene}
  `.execute(db)
  const { channel, image } = whilePending(rows[0])
  return { channel, image }
}

/** Also where the ticket is not pending any more: the sweep takes it then, and nothing shows it. */
export async function storeCodeImage(db: Db, scene: string, image: Uint8Array): Promise<void> {
  await keepImage(scene, image).execute(db)
}

/**
 * Which door a pending ticket leads to, for a link that opens it as its code does.
 *
 * @throws {AppError} `TICKET_NOT_FOUND`; 410 once the ticket is not pending any more
 */
export async function findPendingChannel(db: Db, scene: string): Promise<Channel> {
  const { rows } = await sql<{ status: StoredStatus; live: boolean; channel: Channel }>`
    select status, channel, expires_at > now() as live from tickets where scene = ${scene}
  `.execute(db)
  return whilePending(rows[0]).channel
}
