import type { AdapterPayload, ClientMetadata } from 'oidc-provider'
import type { Client } from './clients.ts'

/** Ours, beside what the standards have: what an app may be told of a person. */
export const OWN_METADATA = ['wechat', 'placeholder_email']

const LOOPBACK = new Set(['localhost', '127.0.0.1', '[::1]'])

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
    application_type: isNative(client) ? 'native' : 'web',
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

/** On the person's own machine: any port of the loopback address, or a scheme of the app's own. */
function isNative({ secretHash, redirectUris }: Client): boolean {
  return secretHash === null && redirectUris.some((uri) => !isOnTheWeb(new URL(uri)))
}

const isOnTheWeb = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || (protocol === 'http:' && !LOOPBACK.has(hostname))
