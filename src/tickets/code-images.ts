import { sql, type RawBuilder } from 'kysely'
import { BATCH, inBatches } from '../db/batches.ts'
import type { Db } from '../db/pool.ts'

/** Keeps the image of a scene's code: for use in another statement. The first that was made stays. */
export const keepImage = (scene: string, image: Uint8Array): RawBuilder<unknown> => sql`
  insert into code_images (scene, image) values (${scene}, ${image})
  on conflict (scene) do nothing
`

/**
 * Lets the image of a code go that is not shown any more: for use in the statement of the transition
 * that takes its ticket out of `pending`.
 *
 * @param moved the name of what the transition returns: no row where it did not happen
 */
export const dropImage = (scene: string, moved: string): RawBuilder<unknown> => sql`
  delete from code_images where scene = ${scene} and exists (select from ${sql.table(moved)})
`

/**
 * Forgets images whose code is neither in stock nor waiting to be scanned: those of tickets that have
 * expired, and those that came too late. Any number of instances can do it at once.
 *
 * @returns how many images went
 */
export function sweepCodeImages(db: Db, signal?: AbortSignal): Promise<number> {
  return inBatches(async () => {
    const { numAffectedRows } = await sql`
      delete from code_images
      where scene = any(array(
        select scene
        from code_images as i
        where not exists (select from code_stock where scene = i.scene)
          and not exists (
            select from tickets
            where scene = i.scene and status = 'pending' and expires_at > now()
          )
        limit ${BATCH}
        for update skip locked
      ))
    `.execute(db)
    return Number(numAffectedRows ?? 0n)
  }, signal)
}
