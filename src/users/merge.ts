import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'

export type LockedUser = { id: string; merged_into: string | null }

/**
 * Locks users until the transaction ends, and with each the one whom it was merged into, always in the
 * order of their ids, so that two callers never wait for each other.
 *
 * @returns them, the oldest first
 */
export async function lockUsers(tx: Db, ids: string[]): Promise<LockedUser[]> {
  const wanted = sql`array[${sql.join(ids)}]::uuid[]`
  const { rows } = await sql<LockedUser>`
    with locked as (
      select id, merged_into, created_at
      from users
      where id = any(${wanted})
        or id in (select merged_into from users where id = any(${wanted}))
      order by id
      for update
    )
    select id, merged_into from locked order by created_at, id
  `.execute(tx)
  return rows
}

/**
 * Users turn out to be one person: the oldest stays, and the others say where they went.
 *
 * @param users locked, the oldest first
 * @returns the id of the one who stays
 */
export async function mergeUsers(tx: Db, users: LockedUser[]): Promise<string> {
  const [kept, ...others] = users.filter((user) => user.merged_into === null).map(({ id }) => id)
  if (kept === undefined) throw new Error('users that were merged in a circle')
  const gone = [...others, ...users.filter((user) => user.merged_into !== null).map(({ id }) => id)]
  if (gone.length === 0) return kept
  const ids = sql`array[${sql.join(gone)}]::uuid[]`
  await sql`update identities set user_id = ${kept}::uuid where user_id = any(${ids})`.execute(tx)
  await sql`
    update users set merged_into = ${kept}::uuid where id = any(${ids}) or merged_into = any(${ids})
  `.execute(tx)
  return kept
}
