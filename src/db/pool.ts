import type { Generated, Kysely } from 'kysely'

/** Row types. Times never leave the database as dates: every statement answers in seconds. */
export type Database = {
  tickets: TicketTable
  users: { id: Generated<string>; created_at: Generated<Date>; merged_into: string | null }
  identities: {
    appid: string
    openid: string
    user_id: string
    unionid: string | null
    created_at: Generated<Date>
  }
  signing_keys: {
    kid: string
    private_jwk: object
    created_at: Generated<Date>
    signs_from: Date
  }
  rate_limits: { key: string; count: number; resets_at: Date }
  logins: {
    id: Generated<string>
    created_at: Generated<Date>
    outcome: 'confirmed' | 'denied' | 'signed_in'
    reason: 'declined' | 'wrong_match_code' | null
    scene: string | null
    user_id: string | null
    appid: string
    openid: string
    requested_ip: string | null
    requested_browser: string | null
    requested_os: string | null
    phone_ip: string | null
  }
  code_stock: { scene: string; made_for: string; image: Uint8Array; created_at: Generated<Date> }
  leases: { name: string; owner: string; expires_at: Date }
}

export type TicketTable = {
  scene: string
  secret_hash: Uint8Array
  status: Generated<StoredStatus>
  match_code: string
  created_at: Generated<Date>
  expires_at: Date
  requested_ip: string | null
  requested_browser: string | null
  requested_os: string | null
  requested_country: string | null
  requested_network: string | null
  appid: string | null
  openid: string | null
  user_id: string | null
  token: string | null
  consumed_at: Date | null
  code_image: Uint8Array | null
  url_link: string | null
}

/** `expired` is never stored: it is computed from `expires_at` in the database's clock. */
export type StoredStatus = 'pending' | 'scanned' | 'confirmed' | 'consumed' | 'denied' | 'canceled'

export type Db = Kysely<Database>
