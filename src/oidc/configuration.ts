import type { JWK } from 'jose'
import type {
  AdapterFactory,
  Client,
  Configuration,
  FindAccount,
  KoaContextWithOIDC,
} from 'oidc-provider'
import { OWN_METADATA } from './client-metadata.ts'
import type { Library } from './library.ts'
import type { ProtocolPages } from './pages.ts'
import { policyOf } from './policy.ts'

/** The library's paths, but for discovery, which has one by its standard. */
export const PATHS = {
  authorization: '/oidc/authorize',
  token: '/oidc/token',
  userinfo: '/oidc/userinfo',
  revocation: '/oidc/revoke',
  introspection: '/oidc/introspect',
  device_authorization: '/oidc/device_authorization',
  end_session: '/oidc/logout',
  jwks: '/.well-known/jwks.json',
  // Never mounted: a device is approved on our own page and the phone.
  code_verification: '/oidc/device',
} as const

export const SESSION_COOKIE = 'scenepass_session'
export const INTERACTION_COOKIE = 'scenepass_interaction'
export const LONG_COOKIE = { httpOnly: true, sameSite: 'lax', path: '/oidc' } as const

const MINUTE = 60
const HOUR = 3_600
const DAY = 86_400
const INTERACTION_SECONDS = 15 * MINUTE

export type ConfigurationOptions = {
  library: Library
  adapter: AdapterFactory
  keys: readonly JWK[]
  findAccount: FindAccount
  acrs: readonly string[]
  /** For how long a browser is remembered; 0: not at all. */
  ssoMinutes: number
  pages: ProtocolPages
  /** What is known of the device that asks for a code. */
  deviceInfoOf: (ctx: KoaContextWithOIDC) => Record<string, unknown>
}

/** What the library does, in each case with a reason where it is not its default. */
export function configurationOf(options: ConfigurationOptions): Configuration {
  const { library, acrs, ssoMinutes } = options
  const { SessionNotFound } = library.errors
  return {
    adapter: options.adapter,
    jwks: { keys: options.keys as JWK[] } as NonNullable<Configuration['jwks']>,
    routes: PATHS,
    responseTypes: ['code'],
    clientAuthMethods: ['client_secret_basic', 'client_secret_post', 'none'],
    scopes: ['openid', 'offline_access'],
    claims: {
      // Of every id_token: where they hang on no scope, none has them.
      openid: ['sub', 'auth_time', 'amr', 'acr'],
      profile: ['name', 'preferred_username', 'updated_at'],
      wechat: ['appid', 'openid', 'unionid'],
      email: ['email', 'email_verified'],
    },
    // Many clients never ask userinfo.
    conformIdTokenClaims: false,
    acrValues: [...acrs],
    enabledJWA: { idTokenSigningAlgValues: ['RS256', 'ES256'] },
    // The records tell the time of this process.
    clockTolerance: 0,
    cookies: {
      names: {
        session: SESSION_COOKIE,
        interaction: INTERACTION_COOKIE,
        resume: 'scenepass_resume',
      },
      long: LONG_COOKIE,
      short: { httpOnly: true, sameSite: 'lax' },
    },
    discovery: { ui_locales_supported: ['zh-CN', 'en'] },
    extraClientMetadata: { properties: OWN_METADATA },
    features: {
      devInteractions: { enabled: false },
      claimsParameter: { enabled: true },
      deviceFlow: {
        enabled: true,
        charset: 'base-20',
        mask: '****-****',
        deviceInfo: options.deviceInfoOf,
      },
      revocation: { enabled: true, allowedPolicy: isOwn },
      introspection: { enabled: true, allowedPolicy: isOwn },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: options.pages.logout,
        postLogoutSuccessSource: options.pages.loggedOut,
      },
      resourceIndicators: { enabled: false },
      pushedAuthorizationRequests: { enabled: false },
      dPoP: { enabled: false },
    },
    interactions: {
      policy: policyOf(library, { remembers: ssoMinutes > 0, acrs }),
      url: (_ctx, { uid }) => `/sign-in/${uid}`,
    },
    ttl: {
      Interaction: INTERACTION_SECONDS,
      AuthorizationCode: MINUTE,
      AccessToken: HOUR,
      IdToken: HOUR,
      DeviceCode: 10 * MINUTE,
      RefreshToken: 14 * DAY,
      Session: ssoMinutes * MINUTE || INTERACTION_SECONDS,
      Grant: 2 * HOUR,
    },
    expiresWithSession: () => false,
    issueRefreshToken: (_ctx, client) => client.grantTypeAllowed('refresh_token'),
    loadExistingGrant,
    findAccount: options.findAccount,
    clientBasedCORS: (_ctx, origin, client) => isOfClient(origin, client),
    renderError(ctx, out, error) {
      if (ctx.accepts('json', 'html') === 'html') {
        options.pages.error(ctx, out, error instanceof SessionNotFound)
      } else ctx.body = out
    },
  }
}

/** A row for each sign-in, so it lives little longer than what hangs on it; a refresh keeps it. */
const grantSeconds = (client: Client): number =>
  client.grantTypeAllowed('refresh_token') ? 15 * DAY : 2 * HOUR

/** An app may ask about its own tokens, and revoke them. */
const isOwn = (
  _ctx: KoaContextWithOIDC,
  client: Client,
  token: { clientId?: string | undefined },
): boolean => token.clientId === client.clientId

/** A page of the app's own may call, where the app has no secret: it is one, then. */
const isOfClient = (origin: string, { clientAuthMethod, redirectUris }: Client): boolean =>
  origin !== 'null' &&
  clientAuthMethod === 'none' &&
  redirectUris?.some((uri) => new URL(uri).origin === origin) === true

/** The person has said yes on the phone, which named the app: what it asks for is granted. */
async function loadExistingGrant({ oidc }: KoaContextWithOIDC) {
  const client = oidc.client as Client
  const accountId = oidc.account?.accountId as string
  const { Grant } = oidc.provider
  const grantId = oidc.session?.grantIdFor(client.clientId)
  const before = grantId === undefined ? undefined : await Grant.find(grantId)
  const grant =
    before?.accountId === accountId ? before : new Grant({ accountId, clientId: client.clientId })
  grant.exp = Math.floor(Date.now() / 1000) + grantSeconds(client)
  grant.addOIDCScope([...oidc.requestParamOIDCScopes].join(' '))
  grant.addOIDCClaims([...oidc.requestParamClaims])
  await grant.save()
  return grant
}
