import { SANDBOX_CLIENT } from '../oidc/client-ids.ts'
import type { Client } from '../oidc/clients.ts'
import { newSecret } from '../tickets/secret.ts'
import { RECIPES, type Recipe } from './client-recipes.ts'

const LABEL_WIDTH = 16

const row = (label: string, text: string): string => `  ${label.padEnd(LABEL_WIDTH)}${text}\n`

/** What stands for a secret that is not known any more. */
const NOT_KNOWN = 'CLIENT_SECRET'

/** First of all on the screen, and to be told apart from the rest. */
export const credentials = (id: string, secret: string | null): string =>
  `client_id      ${id}\n${secret === null ? '' : `client_secret  ${secret}\n`}`

export const KEEP_IT =
  '\nclient_secret 只显示这一次，请立即保存；遗失后用 scenepass clients secret 重新生成。\n' +
  'The client_secret is shown this once, so keep it; scenepass clients secret makes a new one.\n'

const scopesOf = ({ wechat, placeholderEmail }: Client): string[] => [
  'openid',
  'profile',
  ...(placeholderEmail ? ['email'] : []),
  ...(wechat ? ['wechat'] : []),
]

/** What any app wants to know. */
export function forAnyApp(client: Client, issuer: string): string {
  const { device, redirectUris, postLogoutRedirectUris, secretHash, idTokenAlg } = client
  const [redirect, logout] = [redirectUris.join(' '), postLogoutRedirectUris.join(' ')]
  return [
    '\n任何应用 · any app\n',
    row('issuer', issuer),
    row('discovery', `${issuer}/.well-known/openid-configuration`),
    row('client_id', client.id),
    secretHash === null ? row('no secret', 'PKCE S256') : '',
    redirect && row('redirect URI', redirect),
    logout && row('after sign-out', logout),
    row('scopes', scopesOf(client).join(' ')),
    row('id_token', idTokenAlg),
    device ? row('device grant', `${issuer}/oidc/device_authorization`) : '',
  ].join('')
}

/** null where there is none of that name. */
export const recipeOf = (name: string): Recipe | null =>
  RECIPES.find((recipe) => recipe.name === name) ?? null

export const recipeNames = RECIPES.map(({ name }) => name).join(', ')

/** Complete lines for one app. */
export function forApp(
  recipe: Recipe,
  client: Client,
  { issuer, secret }: { issuer: string; secret: string | null },
): string {
  const { title, place, between, lines, withoutEmail = [] } = recipe
  const values: Record<string, string> = {
    issuer,
    id: client.id,
    secret: secret ?? NOT_KNOWN,
    scopes: scopesOf(client).join(between),
    redirect: client.redirectUris[0] ?? recipe.redirect,
    random: newSecret(),
  }
  const all = client.placeholderEmail ? lines : [...lines, ...withoutEmail]
  const filled = all.map((line) => line.replace(/\{\{(\w+)\}\}/g, (_, word) => values[word] ?? ''))
  return [
    `\n${title} · ${place}\n`,
    `其回调地址 · its redirect URI: ${recipe.redirect}\n\n`,
    ...filled.map((line) => `${line}\n`),
  ].join('')
}

/** @param command what prints the lines of an app, but for its name */
export const otherApps = (command: string): string =>
  `\n各应用的完整配置 · complete lines for an app: ${command} --for APP\n  ${recipeNames}\n`

const kindOf = ({ secretHash }: Client): string =>
  secretHash === null ? 'public' : 'with a secret'

const abilitiesOf = (client: Client): string[] =>
  [
    client.device && 'device',
    client.refresh && 'refresh',
    client.wechat && 'wechat',
    client.placeholderEmail && 'email',
    client.idTokenAlg === 'ES256' && 'es256',
    client.id === SANDBOX_CLIENT.id && 'built in',
    client.disabled && 'DISABLED',
  ].filter((word) => word !== false)

/** A line a client. */
export const asLine = (client: Client): string =>
  `${client.id}  ${client.name}  (${[kindOf(client), ...abilitiesOf(client)].join(', ')})\n`

/** All that there is to know of one. */
export const inFull = (client: Client): string =>
  [
    `client_id      ${client.id}\n`,
    `name           ${client.name}\n`,
    `kind           ${[kindOf(client), ...abilitiesOf(client)].join(', ')}\n`,
    ...client.redirectUris.map((uri) => `redirect       ${uri}\n`),
    ...client.postLogoutRedirectUris.map((uri) => `logout         ${uri}\n`),
    client.homeUrl === null ? '' : `home           ${client.homeUrl}\n`,
    `id_token       ${client.idTokenAlg}\n`,
  ].join('')

/** The same for programs; a secret is in neither. */
export const asObject = (client: Client) => ({
  client_id: client.id,
  name: client.name,
  public: client.secretHash === null,
  redirect_uris: client.redirectUris,
  post_logout_redirect_uris: client.postLogoutRedirectUris,
  home_url: client.homeUrl,
  id_token_alg: client.idTokenAlg,
  device: client.device,
  refresh: client.refresh,
  wechat: client.wechat,
  email: client.placeholderEmail,
  disabled: client.disabled,
})
