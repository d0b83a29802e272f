import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import type { Requester } from '../tickets/ticket.ts'

/** A device that has asked for a code (RFC 8628), until ten minutes after that code has expired. */
export type AskingDevice = {
  state: 'waiting' | 'approved' | 'declined' | 'expired'
  clientId: string
  /** What our server saw of the device, not of the browser that its person uses. */
  requester: Requester
  /** Seconds since it asked, by the database's clock. */
  requestedAgo: number
}

type Row = Omit<AskingDevice, 'requester'> & { requester: Partial<Requester> | null }

/**
 * A device by its user code.
 *
 * @param userCode as `WDJB-MJHT`
 * @returns null where there is none
 */
export async function findDevice(db: Db, userCode: string): Promise<AskingDevice | null> {
  // The two times of a payload are one process's, so only their difference counts.
  const { rows } = await sql<Row>`
    select
      case
        when payload ? 'error' then 'declined'
        when payload ? 'accountId' then 'approved'
        when expires_at <= now() then 'expired'
        else 'waiting'
      end as state,
      payload ->> 'clientId' as "clientId",
      payload -> 'deviceInfo' as requester,
      greatest(0, extract(epoch from now() - expires_at)
        + (payload ->> 'exp')::float8 - (payload ->> 'iat')::float8)::int as "requestedAgo"
    from oidc_records
    where model = 'DeviceCode' and user_code = ${userCode}
  `.execute(db)
  const [found] = rows
  return found ? { ...found, requester: { ...UNSEEN, ...found.requester } } : null
}

const UNSEEN: Requester = { ip: null, network: null, country: null, browser: null, os: null }

/**
 * What a ticket's token must be for so that it is worth nothing anywhere: the device gets tokens of its
 * own.
 */
export const deviceAudienceOf = (publicUrl: string, userCode: string): string =>
  `${publicUrl}/d/${userCode}`

/** A user code as a person types it, which is forgiven everything but wrong letters; null: it is none. */
export function readUserCode(typed: string): string | null {
  // A Chinese keyboard may give letters of full width.
  const letters = typed
    .normalize('NFKC')
    .toUpperCase()
    .replace(/[^A-Z0-9]/g, '')
  return LETTERS.test(letters) ? `${letters.slice(0, 4)}-${letters.slice(4)}` : null
}

const LETTERS = /^[B-DF-HJ-NP-TV-Z]{8}$/
