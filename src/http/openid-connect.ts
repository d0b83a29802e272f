import type { FastifyBaseLogger, FastifyPluginAsync } from 'fastify'
import { createDatabaseClock } from '../db/clock.ts'
import type { Db } from '../db/pool.ts'
import { acrsOf } from '../oidc/acr.ts'
import type { Client } from '../oidc/clients.ts'
import { loadLibrary } from '../oidc/library.ts'
import { createOpenIdProvider } from '../oidc/provider.ts'
import type { OidcRules } from '../oidc/rules.ts'
import type { Devices } from '../sign-in/devices.ts'
import type { Channel, TicketRules } from '../tickets/ticket.ts'
import type { Keyring } from '../tokens/keyring.ts'
import type { AddressLimits } from './address-limits.ts'
import { createFindAsking } from './asking-device.ts'
import type { BeginTicket } from './begin-ticket.ts'
import { createThrottle } from './gcra.ts'
import type { GuessLimit } from './guess-limit.ts'
import type { Observer } from './observer.ts'
import { createOpenInteraction } from './open-interaction.ts'
import type { Origins } from './origins.ts'
import type { LoginPageExtras } from './pages/login-page.ts'
import { foreignPages } from './plugins/foreign-pages.ts'
import { rateLimits } from './plugins/rate-limits.ts'
import { pageHeaders } from './plugins/security-headers.ts'
import type { CountryOf } from './requester.ts'
import { appPages } from './routes/app-pages.ts'
import { deviceRoutes } from './routes/device.ts'
import { oidcRoutes } from './routes/oidc.ts'
import { loginPageNeeds } from './routes/pages.ts'
import { signInRoutes } from './routes/sign-in.ts'
import type { Site } from './site.ts'

export type OpenIdConnectDeps = {
  openIdRules: OidcRules
  /** An app by its id; null where there is none, or it is disabled. */
  findClient: (id: string) => Promise<Client | null>
  /** What becomes of a device whose ticket is decided. */
  devices: Devices
  /** Of the login tokens, which may be another one's than the provider's. */
  tokenIssuer: string
}

type Options = OpenIdConnectDeps & {
  db: Db
  log: FastifyBaseLogger
  keyring: Keyring
  site: Site
  rules: { http: { rates: { create: number } }; tickets: TicketRules }
  limits: AddressLimits
  guesses: GuessLimit
  countryOf: CountryOf
  observe?: Observer
  origins: Origins
  /** The doors that are open. */
  channels: readonly Channel[]
  begin: BeginTicket
  sandbox: { page: LoginPageExtras } | null
}

/** Polls of devices: one each in a slot of its own, in 1.3 MB that never grow. */
const DEVICES = 65_536

/** Signing in to other apps: all of OpenID Connect that the service has. */
export const openIdConnect: FastifyPluginAsync<Options> = async (app, options) => {
  const { db, log, keyring, site, rules, limits, guesses, countryOf, begin, findClient } = options
  const { publicUrl } = site
  const pace = createThrottle({ slots: DEVICES })
  const provider = createOpenIdProvider(await loadLibrary(), {
    db,
    publicUrl,
    logo: site.logo?.type ?? null,
    rules: options.openIdRules,
    acrs: acrsOf(rules.tickets.matchMode === 'choose'),
    keys: keyring.privateJwks,
    findClient,
    pace: pace.take,
    onHappened: options.observe?.openId,
  })

  const https = publicUrl.startsWith('https:')
  const perMinute = rules.http.rates.create
  const openInteraction = createOpenInteraction({ db, guesses, findClient })
  const findAsking = createFindAsking({ db, guesses, findClient })
  await app.register(async (api) => {
    const headers = {
      'cache-control': 'no-store',
      'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-frame-options': 'DENY',
      ...(https && { 'strict-transport-security': 'max-age=31536000' }),
    }
    api.addHook('onRequest', (_request, reply, done) => {
      reply.headers(headers)
      done()
    })
    await api.register(foreignPages, { origins: options.origins })
    await api.register(rateLimits, { limits })
    await api.register(oidcRoutes, { provider, log, perMinute, countryOf, guesses })
    await api.register(signInRoutes, {
      db,
      keyring,
      publicUrl,
      tokenIssuer: options.tokenIssuer,
      clock: createDatabaseClock(db),
      openInteraction,
      begin,
      perMinute,
    })
    await api.register(deviceRoutes, { publicUrl, findAsking, begin, perMinute })
  })
  const extras = options.sandbox?.page ?? null
  await app.register(async (pages) => {
    const allow = { ...loginPageNeeds({ returnUrls: [], extras }), formAction: ["'self'"] }
    await pages.register(pageHeaders, { https, allow })
    const { channels } = options
    await pages.register(appPages, {
      site,
      channels,
      extras,
      openInteraction,
      findAsking,
    })
  })
}
