import type { AdapterPayload, ClientMetadata } from 'oidc-provider'
import { applicationTypeOf } from './client-uris.ts'
import type { Client } from './clients.ts'

/** Ours, beside what the standards have: what an app may be told of a person. */
export const OWN_METADATA = ['wechat', 'placeholder_email']

/**
 * An app as the protocol library knows it. Its secret is the hash: the library compares by a function
 * of ours.
 */
export function metadataOf(client: Client): AdapterPayload & ClientMetadata {
  const { id, name, secretHash, redirectUris, refresh, device } = client
  const code = redirectUris.length > 0
  return {
    client_id: id,
    client_name: name,
    ...(secretHash !== null && { client_secret: secretHash }),
    token_endpoint_auth_method: secretHash === null ? 'none' : 'client_secret_basic',
    application_type: applicationTypeOf(client),
    grant_types: [
      ...(code ? ['authorization_code'] : []),
      ...(refresh ? ['refresh_token'] : []),
      ...(device ? ['urn:ietf:params:oauth:grant-type:device_code'] : []),
    ],
    response_types: code ? ['code'] : [],
    redirect_uris: redirectUris,
    post_logout_redirect_uris: client.postLogoutRedirectUris,
    id_token_signed_response_alg: client.idTokenAlg,
    scope: scopeOf(client),
    wechat: client.wechat,
    placeholder_email: client.placeholderEmail,
  }
}

/**
 * A known scope that is missing here is an error where an app asks for it. Most libraries ask for
 * `email` unless they are told not to, so an app without an address may ask, and hears none.
 */
const scopeOf = ({ wechat }: Client): string =>
  ['openid', 'offline_access', 'profile', 'email', ...(wechat ? ['wechat'] : [])].join(' ')
