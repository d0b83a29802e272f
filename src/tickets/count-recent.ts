import { sql, type RawBuilder } from 'kysely'

/** No address is counted beyond this, so that the count has an end. */
export const MOST_COUNTED = 1_000

/**
 * How many tickets an address opened lately, this one left out; at most 1,000: for use in another
 * statement.
 *
 * @param of.network the address as limits count it; null, the unknown one, has opened none
 * @param of.seconds how far back
 */
export const recentTickets = (of: {
  network: string | null
  except: string
  seconds: number
}): RawBuilder<unknown> => sql`(
  select count(*)::int
  from (
    select
    from tickets
    where requested_network = ${of.network}
      and created_at > now() - ${of.seconds}::int * interval '1 second'
      and scene <> ${of.except}
    limit ${MOST_COUNTED}
  ) as others
)`
