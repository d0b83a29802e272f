import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'

/** An app that signs people in through this service: a client, or relying party, of OpenID Connect. */
export type Client = {
  id: string
  /** What page and phone show. */
  name: string
  /** SHA-256 of a secret that we made, in hex; null: a public client, which needs PKCE. */
  secretHash: string | null
  /** May use the device grant. */
  device: boolean
  redirectUris: string[]
  postLogoutRedirectUris: string[]
  /** Where a sign-in that is over sends people back to. */
  homeUrl: string | null
  idTokenAlg: 'RS256' | 'ES256'
  /** Gets refresh tokens. */
  refresh: boolean
  /** May ask for appid, openid and unionid. */
  wechat: boolean
  /** Gets a placeholder address where it asks for one. */
  placeholderEmail: boolean
  disabled: boolean
}

const columns = sql`
  id, name, encode(secret_hash, 'hex') as "secretHash", device,
  redirect_uris as "redirectUris", post_logout_redirect_uris as "postLogoutRedirectUris",
  home_url as "homeUrl", id_token_alg as "idTokenAlg", refresh, wechat,
  placeholder_email as "placeholderEmail", disabled_at is not null as disabled
`

/** A client by its id; null where there is none, or it is disabled. */
export async function findClient(db: Db, id: string): Promise<Client | null> {
  const { rows } = await sql<Client>`
    select ${columns} from oidc_clients where id = ${id} and disabled_at is null
  `.execute(db)
  return rows[0] ?? null
}
