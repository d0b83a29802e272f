import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import type { Identity } from '../identity.ts'
import {
  statusOf,
  type Channel,
  type RelyingParty,
  type Requester,
  type Status,
  type StoredStatus,
} from './ticket.ts'

export type Ticket = {
  scene: string
  channel: Channel
  status: Status
  /** Seconds left of the current window, rounded up; 0 once it has passed. */
  expiresIn: number
  owner: Identity | null
  /** What both screens show: two digits, or a device's user code. */
  matchCode: string
  secretHash: string
  /** `at`: when the ticket was created, or its device asked, as RFC 3339 in UTC. */
  requestedBy: Requester & { at: string }
  /** Null: the service's own site. */
  relyingParty: RelyingParty | null
}

export type TicketRow = {
  scene: string
  channel: Channel
  status: StoredStatus
  live: boolean
  expires_in: number
  appid: string | null
  openid: string | null
  match_code: string
  secret_hash: string
  requested_ip: string | null
  requested_network: string | null
  requested_country: string | null
  requested_browser: string | null
  requested_os: string | null
  requested_at: string
  client_id: string | null
  site: string | null
  audience: string | null
  device: string | null
}

/** What `ticketOf` reads, of `tickets` in a select or a returning. */
export const ticketColumns = sql`
  scene, channel, status,
  expires_at > now() as live,
  greatest(0, ceil(extract(epoch from expires_at - now())))::int as expires_in,
  appid, openid, match_code, encode(secret_hash, 'hex') as secret_hash,
  requested_ip, requested_network, requested_country, requested_browser, requested_os,
  to_char(
    coalesce(requested_at, created_at) at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'
  ) as requested_at,
  client_id, site, audience, device
`

export const ticketOf = (row: TicketRow): Ticket => ({
  scene: row.scene,
  channel: row.channel,
  status: statusOf(row),
  expiresIn: row.expires_in,
  owner:
    row.appid !== null && row.openid !== null ? { appid: row.appid, openid: row.openid } : null,
  matchCode: row.device ?? row.match_code,
  secretHash: row.secret_hash,
  requestedBy: {
    ip: row.requested_ip,
    network: row.requested_network,
    country: row.requested_country,
    browser: row.requested_browser,
    os: row.requested_os,
    at: row.requested_at,
  },
  relyingParty: relyingPartyOf(row),
})

function relyingPartyOf(row: TicketRow): RelyingParty | null {
  const { client_id: clientId, site: name, audience, device } = row
  if (clientId === null || name === null || audience === null) return null
  return { clientId, name, audience, device }
}

/**
 * One ticket as it stands, for the phone's side: a read by primary key.
 *
 * @throws {AppError} `TICKET_NOT_FOUND`
 */
export async function findTicket(db: Db, scene: string): Promise<Ticket> {
  const { rows } = await sql<TicketRow>`
    select ${ticketColumns} from tickets where scene = ${scene}
  `.execute(db)
  if (!rows[0]) throw new AppError('TICKET_NOT_FOUND')
  return ticketOf(rows[0])
}
