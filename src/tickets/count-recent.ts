import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'

/** No address is counted beyond this, so that the count has an end. */
export const MOST_COUNTED = 1_000

/**
 * How many tickets an address opened lately, this one left out; at most 1,000.
 *
 * @param of.network the address as limits count it; null, the unknown one, has opened none
 * @param of.seconds how far back
 */
export async function countRecentTickets(
  db: Db,
  of: { network: string | null; except: string; seconds: number },
): Promise<number> {
  if (of.network === null) return 0
  const { rows } = await sql<{ count: number }>`
    select count(*)::int as count
    from (
      select
      from tickets
      where requested_network = ${of.network}
        and created_at > now() - ${of.seconds}::int * interval '1 second'
        and scene <> ${of.except}
      limit ${MOST_COUNTED}
    ) as others
  `.execute(db)
  return rows[0]?.count ?? 0
}
