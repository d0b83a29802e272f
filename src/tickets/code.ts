import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { keepImage } from './code-images.ts'
import { whilePending, type Channel, type StoredStatus } from './ticket.ts'

/**
 * What WeChat makes for a ticket, its code image and its link, is kept by its scene: asked again, on
 * any instance, it costs no second call to WeChat. The first that was made stays.
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
 * The stored link of a pending ticket, which opens the mini program as its code does, and whose door the
 * ticket leads to. The link is null when it is still to be made.
 *
 * @throws {AppError} `TICKET_NOT_FOUND`; 410 once the ticket is not pending any more
 */
export async function findLink(
  db: Db,
  scene: string,
): Promise<{ channel: Channel; link: string | null }> {
  const { rows } = await sql<{
    status: StoredStatus
    live: boolean
    channel: Channel
    url_link: string | null
  }>`
    select status, channel, expires_at > now() as live, url_link
    from tickets
    where scene = ${scene}
  `.execute(db)
  const { channel, url_link: link } = whilePending(rows[0])
  return { channel, link }
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
