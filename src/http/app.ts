import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
} from 'fastify'
import type { AuditRules } from '../audit/record.ts'
import { createDatabaseClock } from '../db/clock.ts'
import type { Connection, ReadReplica } from '../db/pool.ts'
import type { SignInDeps } from '../sign-in/door.ts'
import { createTicketEvents } from '../telemetry/ticket-events.ts'
import { createStatusLoader } from '../tickets/status-loader.ts'
import type { Channel, TicketRules } from '../tickets/ticket.ts'
import { bindVerbs } from '../tickets/verbs.ts'
import type { Keyring } from '../tokens/keyring.ts'
import type { LoginTokens } from '../tokens/login-token.ts'
import { createCounter } from '../limits/count.ts'
import { createAddressLimits } from './address-limits.ts'
import { createBeginTicket } from './begin-ticket.ts'
import { createCodes } from './codes.ts'
import { compilers } from './compilers.ts'
import { codeMakersOf, openChannels, type Doors } from './doors.ts'
import { createGate } from './gate.ts'
import { answerEverything, clientErrorHandler, frameworkErrors } from './malformed.ts'
import { createGuessLimit } from './guess-limit.ts'
import type { Observer } from './observer.ts'
import { openIdConnect, type OpenIdConnectDeps } from './openid-connect.ts'
import { createOrigins } from './origins.ts'
import type { Site } from './site.ts'
import type { LoginPageExtras } from './pages/login-page.ts'
import { createErrorPage } from './pages/error-page.ts'
import { crossOrigin } from './plugins/cors.ts'
import { errorHandler } from './plugins/error-handler.ts'
import { foreignPages } from './plugins/foreign-pages.ts'
import { jsonBody } from './plugins/json-body.ts'
import { loadShedding } from './plugins/load-shedding.ts'
import { openapi } from './plugins/openapi.ts'
import { rateLimits } from './plugins/rate-limits.ts'
import { requestLog } from './plugins/request-log.ts'
import { pageHeaders } from './plugins/security-headers.ts'
import type { Shutdown } from './plugins/shutdown.ts'
import { unnamedClients } from './plugins/unnamed-clients.ts'
import { createPollPace } from './poll-pace.ts'
import { createRequestIds } from './request-id.ts'
import { createCountryOf } from './requester.ts'
import { createTarpit } from './tarpit.ts'
import { trusting } from './trusted-proxies.ts'
import { codeRoutes } from './routes/code.ts'
import { docsRoutes } from './routes/docs.ts'
import { officialAccountRoutes } from './routes/official-account.ts'
import { healthRoutes } from './routes/health.ts'
import { confirmRoutes, loginPageNeeds, pageRoutes, widgetRoute } from './routes/pages.ts'
import { phoneRoutes } from './routes/phone.ts'
import { ticketRoutes } from './routes/tickets.ts'
import { wellKnownRoutes } from './routes/well-known.ts'

/** Settings that HTTP alone cares for. */
export type HttpRules = {
  /** Origins whose pages may call the browser's routes; `http://localhost:*` is every port. */
  corsOrigins: readonly string[]
  /** Where the hosted page may send a login, character by character. */
  returnUrls: readonly string[]
  /** Our proxies: addresses and ranges. */
  trustProxy: readonly string[] | false
  /** The header in which those proxies tell a client's country. */
  locationHeader: string | null
  /** Requests per address and minute: new tickets, calls of phones. */
  rates: { create: number; phone: number }
}

export type AppDeps = {
  log: FastifyBaseLogger
  database: Pick<Connection, 'db' | 'busy'> & { readReplica: ReadReplica | null }
  doors: Doors
  keyring: Keyring
  tokens: LoginTokens
  site: Site
  rules: { http: HttpRules; tickets: TicketRules; audit: AuditRules }
  /** What codes in stock must be made for, by door; null where there is no stock. */
  stock: Record<Channel, string | null>
  /** The simulated WeChat, where there are no credentials for the real one. */
  sandbox: { plugin: FastifyPluginAsync; page: LoginPageExtras; framed: readonly string[] } | null
  shutdown: Shutdown
  /** Signing in to other apps; null or missing: there is nothing of it. */
  oidc?: OpenIdConnectDeps | null
  observe?: Observer
}

/** 16 KiB: the largest documented body is under 300 bytes. */
const BODY_LIMIT = 16 * 1024

/** The service as a function of its collaborators: what is registered, in order. No logic here. */
export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const { log, doors, site, rules, sandbox, observe = {} } = deps
  const { db, busy, readReplica } = deps.database
  const { trustProxy, locationHeader, rates, corsOrigins, returnUrls } = rules.http
  const isTrusted = trustProxy ? trusting(trustProxy) : null
  const gate = createGate()
  const app = Fastify({
    genReqId: createRequestIds(),
    trustProxy: isTrusted ?? false,
    bodyLimit: BODY_LIMIT,
    serverFactory: gate.serverFactory,
    return503OnClosing: false,
    schemaController: compilers,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    // Without a logger: one for every request, and the listeners that go with it, cost more than a
    // poll's share of the database. What has something to say is given the log.
    logger: false,
    frameworkErrors: frameworkErrors(log),
    clientErrorHandler,
  }).withTypeProvider<TypeBoxTypeProvider>()

  const origins = createOrigins(corsOrigins, site.publicUrl)
  const countryOf = createCountryOf(locationHeader, (peer) => isTrusted?.(peer, 0) === true)
  const counter = createCounter(db)
  const limits = createAddressLimits(counter)
  const guesses = createGuessLimit()
  const events = createTicketEvents(log, observe.transition)
  const loader = createStatusLoader(db, {
    readReplica: readReplica ?? undefined,
    onBatch: observe.pollBatch,
    onReadReplica: observe.readReplica,
  })
  const channels = openChannels(doors)
  const tickets = bindVerbs(db, {
    rules: rules.tickets,
    stock: deps.stock,
    loader,
    onTransition: events.transition,
  })

  const pace = createPollPace()
  const codeMakers = codeMakersOf(doors)
  const codeOf = createCodes({ db, counter, codeMakers, guesses, note: events.note })
  const begin = createBeginTicket({
    tickets,
    codeOf,
    rules: rules.tickets,
    channels,
    countryOf,
    limits,
    guesses,
    pace,
  })
  const signIn: SignInDeps = {
    db,
    tickets,
    tokens: deps.tokens,
    devices: deps.oidc?.devices,
    rules: { tickets: rules.tickets, audit: rules.audit, ticketsPerMinute: rates.create },
  }

  await app.register(crossOrigin, { origins })
  answerEverything(app)
  await deps.shutdown.guard(app)
  await observe.app?.(app)
  await app.register(requestLog, { log })
  await app.register(errorHandler, {
    log,
    onUnknownPath: guesses.count,
    pauseBefore: createTarpit(),
    page: createErrorPage(site),
  })
  await app.register(loadShedding, {
    gate,
    log,
    origins,
    pollsWaiting: loader.waiting,
    databaseBusy: busy,
    onRefuse: observe.refusal,
  })
  await app.register(jsonBody)
  await app.register(openapi, { publicUrl: site.publicUrl, version: site.version })
  await app.register(async (api) => {
    api.addHook('onRequest', (_request, reply, done) => {
      // Panels' caches are told to pass over the first; a Vary of * alone none of them may.
      reply.header('cache-control', 'no-store').header('vary', '*')
      done()
    })
    await api.register(foreignPages, { origins })
    await api.register(unnamedClients, { log, isTrusted })
    await api.register(rateLimits, { limits })
    await api.register(ticketRoutes, { tickets, begin, perMinute: rates.create, guesses, pace })
    await api.register(codeRoutes, {
      db,
      codeOf,
      makeLink: rules.tickets.urlLink ? (doors.miniprogram?.urlLink ?? null) : null,
      guesses,
    })
    if (doors.officialAccount) {
      await api.register(officialAccountRoutes, {
        door: doors.officialAccount,
        signIn,
        site,
        clock: createDatabaseClock(db),
        guesses,
        log,
        onPush: observe.push,
      })
    }
    await api.register(phoneRoutes, {
      signIn,
      doors,
      site: site.name,
      perMinute: rates.phone,
      countryOf,
      limits,
      guesses,
    })
  })

  if (deps.oidc) {
    const parts = { db, limits, guesses, countryOf, origins, channels, begin }
    await app.register(openIdConnect, { ...deps, ...deps.oidc, ...parts })
  }
  await app.register(wellKnownRoutes, { keyring: deps.keyring })
  await app.register(healthRoutes, { db, origins, isStopping: deps.shutdown.hasBegun })

  const https = site.publicUrl.startsWith('https:')
  await app.register(async (docs) => {
    await docs.register(pageHeaders, { https })
    await docs.register(docsRoutes, { site })
  })
  await app.register(async (widget) => {
    await widget.register(pageHeaders, { https })
    await widget.register(widgetRoute)
  })
  if (doors.officialAccount) {
    await app.register(async (pages) => {
      // The sandbox shows it on a phone beside its page.
      await pages.register(pageHeaders, { https, framed: sandbox ? ['/confirm'] : [] })
      await pages.register(confirmRoutes, { site })
    })
  }
  const extras = sandbox?.page ?? null
  await app.register(async (pages) => {
    await pages.register(pageHeaders, { https, allow: loginPageNeeds({ returnUrls, extras }) })
    await pages.register(pageRoutes, { site, channels, returnUrls, extras })
  })
  if (sandbox) {
    await app.register(async (pages) => {
      await pages.register(pageHeaders, { https, framed: sandbox.framed })
      await pages.register(sandbox.plugin)
    })
  }

  await app.ready()
  return app
}
