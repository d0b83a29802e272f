import { sql } from 'kysely'
import type { Db } from '../db/pool.ts'
import { inTransaction } from '../db/transaction.ts'
import { hashSecret, newSecret } from '../tickets/secret.ts'
import { clientColumns, type Client } from './clients.ts'

/** What is told of a client when it is added. */
export type NewClient = Omit<Client, 'secretHash' | 'disabled'>

/**
 * @param options.isPublic without a secret
 * @returns the secret, which is known this once, or null for a public client; false where there is a
 *   client of this id already
 */
export async function addClient(
  db: Db,
  client: NewClient,
  { isPublic }: { isPublic: boolean },
): Promise<{ secret: string | null } | false> {
  const secret = isPublic ? null : newSecret()
  const { rows } = await sql`
    insert into oidc_clients (
      id, name, secret_hash, device, redirect_uris, post_logout_redirect_uris, home_url, id_token_alg,
      refresh, wechat, placeholder_email
    )
    values (
      ${client.id}, ${client.name}, decode(${secret && hashSecret(secret)}::text, 'hex'),
      ${client.device}, ${client.redirectUris}::text[], ${client.postLogoutRedirectUris}::text[],
      ${client.homeUrl}, ${client.idTokenAlg}, ${client.refresh}, ${client.wechat},
      ${client.placeholderEmail}
    )
    on conflict (id) do nothing
    returning id
  `.execute(db)
  return rows.length > 0 && { secret }
}

/**
 * Changes what is given, and nothing else. A client that is disabled signs nobody in, and its tokens
 * are worth nothing, until it is enabled again.
 *
 * @param check called with the client as it will be; what it throws keeps everything as it was
 * @returns the client as it is now; null where there is none
 */
export function setClient(
  db: Db,
  id: string,
  changes: Partial<Omit<Client, 'id' | 'secretHash'>>,
  check: (client: Client) => void,
): Promise<Client | null> {
  return inTransaction(db, async (tx) => {
    const { rows } = await sql<Client>`
      select ${clientColumns} from oidc_clients where id = ${id} for update
    `.execute(tx)
    if (!rows[0]) return null
    const client = { ...rows[0], ...changes }
    check(client)
    await sql`
      update oidc_clients
      set name = ${client.name},
        device = ${client.device},
        redirect_uris = ${client.redirectUris}::text[],
        post_logout_redirect_uris = ${client.postLogoutRedirectUris}::text[],
        home_url = ${client.homeUrl},
        id_token_alg = ${client.idTokenAlg},
        refresh = ${client.refresh},
        wechat = ${client.wechat},
        placeholder_email = ${client.placeholderEmail},
        disabled_at = case when ${client.disabled} then coalesce(disabled_at, now()) end
      where id = ${id}
    `.execute(tx)
    return client
  })
}

/**
 * A new secret; the old one is worth nothing from now on.
 *
 * @returns it, known this once; null where there is no client of this id that has a secret
 */
export async function renewSecret(db: Db, id: string): Promise<string | null> {
  const secret = newSecret()
  const { rows } = await sql`
    update oidc_clients set secret_hash = decode(${hashSecret(secret)}, 'hex')
    where id = ${id} and secret_hash is not null
    returning id
  `.execute(db)
  return rows.length > 0 ? secret : null
}

/**
 * Takes a client out with all that was given to it: codes, tokens, grants, sign-ins under way. What is
 * just being written for it may stay behind, and is of no use without the client.
 *
 * @returns whether there was such a client
 */
export async function removeClient(db: Db, id: string): Promise<boolean> {
  const { rows } = await sql`
    with records as (
      delete from oidc_records
      where payload ->> 'clientId' = ${id} or payload -> 'params' ->> 'client_id' = ${id}
    )
    delete from oidc_clients where id = ${id} returning id
  `.execute(db)
  return rows.length > 0
}
