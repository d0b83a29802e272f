import { sql, type RawBuilder } from 'kysely'
import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import { newSecret } from '../tickets/secret.ts'
import type { Acr } from '../tokens/acr.ts'
import { findClient, type Client } from './clients.ts'
import { SCOPES } from './scopes.ts'

/**
 * The decision about a device (RFC 8628) that polls for its tokens. The provider's own way to approve
 * it is a browser's session; ours is a phone, and the ticket it confirms. Both write what the provider
 * reads of a DeviceCode when the device polls next.
 */
export type DeviceApproval = {
  userCode: string
  client: Pick<Client, 'id' | 'refresh'>
  userId: string
  /** When the person confirmed, in seconds since 1970, in the database's clock. */
  authTime: number
  acr: Acr
}

/** How long what a person granted is kept, in seconds: a little longer than its longest token lives. */
export const grantSeconds = ({ refresh }: Pick<Client, 'refresh'>): number =>
  refresh ? 15 * 86_400 : 2 * 3_600

/** A device that waits: not expired, not consumed, and no person has answered it. */
const waiting = ({ userCode, clientId }: { userCode: string; clientId: string }) => sql`
  model = 'DeviceCode'
  and user_code = ${userCode}
  and payload ->> 'clientId' = ${clientId}
  and expires_at > now()
  and consumed_at is null
  and not payload ? 'accountId'
  and not payload ? 'error'
`

/**
 * Approves a device, once, and keeps what the person granted. To be called in the transaction that
 * confirms the ticket, so that both happen or neither.
 *
 * @throws {AppError} `TICKET_EXPIRED`: no such device waits
 */
export async function approveDevice(tx: Db, approval: DeviceApproval): Promise<void> {
  const { userCode, client, userId, authTime, acr } = approval
  const grantId = newSecret()
  const seconds = grantSeconds(client)
  const { rows } = await sql`
    with approved as (
      update oidc_records
      set
        grant_id = ${grantId},
        payload = payload || jsonb_build_object(
          'accountId', ${userId}::text,
          'grantId', ${grantId}::text,
          'scope', ${knownScopes},
          'authTime', ${authTime}::int,
          'amr', jsonb_build_array('wechat'),
          'acr', ${acr}::text
        )
      where ${waiting({ userCode, clientId: client.id })}
      returning payload ->> 'scope' as scope
    )
    insert into oidc_records (model, id, payload, expires_at)
    select
      'Grant',
      ${grantId},
      jsonb_build_object(
        'kind', 'Grant',
        'iat', floor(extract(epoch from now()))::int,
        'exp', floor(extract(epoch from now()))::int + ${seconds}::int,
        'accountId', ${userId}::text,
        'clientId', ${client.id}::text
      ) || case
        when scope = '' then '{}'
        else jsonb_build_object('openid', jsonb_build_object('scope', scope))
      end,
      now() + ${seconds}::int * interval '1 second'
    from approved
    returning id
  `.execute(tx)
  if (rows.length === 0) throw new AppError('TICKET_EXPIRED')
}

/** Of the scopes that the device asked for, those that there are; empty where it asked for none. */
const knownScopes: RawBuilder<unknown> = sql`coalesce(
  (
    select string_agg(scope, ' ' order by place)
    from unnest(string_to_array(payload #>> '{params,scope}', ' '))
      with ordinality as asked (scope, place)
    where scope in (${sql.join(SCOPES.map((scope) => sql.lit(scope)))})
  ),
  ''
)`

/** The device hears `access_denied` with its next poll. One that does not wait any more stays as it is. */
export async function declineDevice(
  tx: Db,
  device: { userCode: string; clientId: string },
): Promise<void> {
  await sql`
    update oidc_records
    set payload = payload || jsonb_build_object(
      'error', 'access_denied',
      'errorDescription', 'the person declined'
    )
    where ${waiting(device)}
  `.execute(tx)
}

/**
 * Both, as signing in is handed them.
 *
 * @param options.find a client by its id; null where it may not sign people in
 */
export const createDevices = (
  options: { find: (db: Db, id: string) => Promise<Pick<Client, 'id' | 'refresh'> | null> } = {
    find: findClient,
  },
) => ({
  async approve(
    tx: Db,
    device: { userCode: string; clientId: string },
    by: { userId: string; authTime: number; acr: Acr },
  ): Promise<void> {
    const client = await options.find(tx, device.clientId)
    if (!client) throw new AppError('TICKET_EXPIRED')
    await approveDevice(tx, { userCode: device.userCode, client, ...by })
  },
  decline: declineDevice,
})
