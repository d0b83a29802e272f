import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'

export type LockedUser = { id: string; merged_into: string | null }

/**
 * Locks users until the transaction ends, and with them those whom they were merged into and those who
 * were merged into them: in one statement and in the order of their ids, so that two callers never wait
 * for each other.
 *
 * @returns them, the oldest first; null where others were merged into them while it waited
 */
export async function lockUsers(tx: Db, ids: string[]): Promise<LockedUser[] | null> {
  const wanted = sql`array[${sql.join(ids)}]::uuid[]`
  const related = sql`
    id = any(${wanted})
    or merged_into = any(${wanted})
    or id in (select merged_into from users where id = any(${wanted}))
  `
  const { rows } = await sql<LockedUser>`
    with locked as (
      select id, merged_into, created_at from users where ${related} order by id for update
    )
    select id, merged_into from locked order by created_at, id
  `.execute(tx)
  const now = await sql<{ count: number }>`
    select count(*)::int as count from users where ${related}
  `.execute(tx)
  return now.rows[0]?.count === rows.length ? rows : null
}

/**
 * Users turn out to be one person: the oldest stays, and the others say where they went, in one step.
 *
 * @param users locked, the oldest first
 * @returns the id of the one who stays
 */
export async function mergeUsers(tx: Db, users: LockedUser[]): Promise<string> {
  const { id: kept } = (users.find((user) => user.merged_into === null) ?? users[0]) as LockedUser
  const all = sql`array[${sql.join(users.map(({ id }) => id))}]::uuid[]`
  await sql`
    update identities
    set user_id = ${kept}::uuid
    where user_id = any(${all}) and user_id <> ${kept}::uuid
  `.execute(tx)
  await sql`
    update users
    set merged_into = nullif(${kept}::uuid, id)
    where id = any(${all}) and merged_into is distinct from nullif(${kept}::uuid, id)
  `.execute(tx)
  return kept
}
