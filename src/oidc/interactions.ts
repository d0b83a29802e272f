import { sql } from 'kysely'
import type { InteractionResults } from 'oidc-provider'
import type { Db } from '../db/pool.ts'
import { wantedAcrs } from './acr.ts'
import type { Client } from './clients.ts'
import { hashed } from './record-payload.ts'
import { KEEP_INTERACTION_SECONDS } from './sweep.ts'

/** A sign-in to another app, from the app's request until its person is back there. */
export type Interaction = {
  state: 'open' | 'finished' | 'expired'
  /** Null where the app has gone since, or is disabled. */
  client: Pick<Client, 'id' | 'name' | 'homeUrl'> | null
  /** What the app wants the sign-in to be worth, of `acr` values; none: anything. */
  acrs: string[]
  /** The languages that the app asks for, the best first: `zh-CN en`. */
  locales: string
}

type Row = Pick<Interaction, 'state'> & {
  clientId: string
  locales: string | null
  acrValues: string | null
  claims: string | null
}

/**
 * An interaction by its uid, which is the value of its cookie.
 *
 * @param findClient an app by its id; null where there is none, or it is disabled
 * @returns null where there is none, or where it expired more than an hour ago
 */
export async function findInteraction(
  db: Db,
  uid: string,
  findClient: (id: string) => Promise<Client | null>,
): Promise<Interaction | null> {
  const { rows } = await sql<Row>`
    select
      case
        when expires_at <= now() then 'expired'
        when payload ? 'result' then 'finished'
        else 'open'
      end as state,
      payload #>> '{params,client_id}' as "clientId",
      payload #>> '{params,ui_locales}' as locales,
      payload #>> '{params,acr_values}' as "acrValues",
      payload #>> '{params,claims}' as claims
    from oidc_records
    where model = 'Interaction' and id = ${hashed(uid)}
      and expires_at > now() - ${KEEP_INTERACTION_SECONDS}::int * interval '1 second'
  `.execute(db)
  const [found] = rows
  if (!found) return null
  const { state, clientId, locales, acrValues, claims } = found
  return {
    state,
    client: await findClient(clientId),
    acrs: [...acrsIn(claims), ...(acrValues?.split(' ') ?? [])],
    locales: locales ?? '',
  }
}

/** Of the parameter `claims`, which the library has read already. */
function acrsIn(claims: string | null): string[] {
  const read = claims === null ? null : (JSON.parse(claims) as { id_token?: { acr?: object } })
  return wantedAcrs(read?.id_token?.acr ?? {})
}

/**
 * Gives an interaction its one result: of any number of calls at once, on any instances, one.
 *
 * @returns whether it was this call; otherwise it has expired, or has a result already
 */
export async function settleInteraction(
  db: Db,
  uid: string,
  result: InteractionResults,
): Promise<boolean> {
  const { rows } = await sql`
    update oidc_records
    set payload = payload || jsonb_build_object('result', ${JSON.stringify(result)}::text::jsonb)
    where model = 'Interaction' and id = ${hashed(uid)} and expires_at > now()
      and not payload ? 'result'
    returning id
  `.execute(db)
  return rows.length > 0
}

/**
 * What a ticket's token must be for so that it finishes this interaction and no other. It has the hash in
 * it: with the uid itself a token in a log would be a cookie's value.
 */
export const audienceOf = (publicUrl: string, uid: string): string =>
  `${publicUrl}/sign-in/${hashed(uid)}`
