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

export const clientColumns = sql`
  id, name, encode(secret_hash, 'hex') as "secretHash", device,
  redirect_uris as "redirectUris", post_logout_redirect_uris as "postLogoutRedirectUris",
  home_url as "homeUrl", id_token_alg as "idTokenAlg", refresh, wechat,
  placeholder_email as "placeholderEmail", disabled_at is not null as disabled
`

/**
 * A client's row by its id; null where there is none, or it is disabled. Whoever is about to sign for
 * it asks `clientsOf` instead, which knows the ids that no client may have.
 */
export async function findClient(db: Db, id: string): Promise<Client | null> {
  const client = await findAnyClient(db, id)
  return client?.disabled === false ? client : null
}

/** The same, also of one that is disabled. */
export async function findAnyClient(db: Db, id: string): Promise<Client | null> {
  const { rows } = await sql<Client>`
    select ${clientColumns} from oidc_clients where id = ${id}
  `.execute(db)
  return rows[0] ?? null
}

/** All of them, disabled ones too, the oldest first. */
export async function listClients(db: Db): Promise<Client[]> {
  const { rows } = await sql<Client>`
    select ${clientColumns} from oidc_clients order by created_at, id
  `.execute(db)
  return rows
}
