import proxyAddr from '@fastify/proxy-addr'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
} from 'fastify'
import type { Db } from '../db/pool.ts'
import {
  answerEverything,
  clientErrorHandler,
  createRequestIds,
  frameworkErrors,
} from './malformed.ts'
import { crossOrigin } from './plugins/cors.ts'
import { errorAnswers } from './plugins/error-handler.ts'
import { jsonBody } from './plugins/json-body.ts'
import { loadShedding } from './plugins/load-shedding.ts'
import { createCountryOf } from './country.ts'
import { pageHeaders } from './plugins/security-headers.ts'
import { docsPage, openapi } from './plugins/openapi.ts'
import { createStrangerLimit, rateLimits } from './plugins/rate-limits.ts'
import { requestLog } from './plugins/request-log.ts'
import { createStory, type Transition } from '../telemetry/ticket-events.ts'
import type { LoginPageExtras } from './pages/login-page.ts'
import { healthRoutes } from './routes/health.ts'
import { linkRoute } from './routes/link.ts'
import { loginPageNeeds, pageRoutes, widgetRoute } from './routes/pages.ts'
import { phoneRoutes } from './routes/phone.ts'
import { qrcodeRoute } from './routes/code.ts'
import { ticketRoutes } from './routes/tickets.ts'
import { wellKnownRoutes } from './routes/well-known.ts'
import { createGlances } from '../tickets/status-loader.ts'
import type { MatchMode } from '../tickets/match-code.ts'
import type { Replica } from '../tickets/read-replica.ts'
import type { Windows } from '../tickets/ticket.ts'
import type { Keyring } from '../tokens/keyring.ts'
import type { LoginTokens } from '../tokens/login-token.ts'
import type { WechatClient } from '../wechat/mini-program.ts'

export type AppDeps = {
  log: FastifyBaseLogger
  db: Db
  /** A copy of the database for polls. */
  replica?: Replica | undefined
  /** Whether more callers wait for the database than it can serve soon. */
  databaseBusy?: () => boolean
  wechat: WechatClient
  keyring: Keyring
  tokens: LoginTokens
  version: string
  publicUrl: string
  site: string
  windows: Windows
  matchMode: MatchMode
  /** What codes in stock must be made for; null where there is no stock. */
  stock: string | null
  /** Whether tickets have a link, too, that opens the mini program. */
  urlLink: boolean
  rates: { create: number; phone: number }
  corsOrigins: readonly string[]
  /** Where the hosted page may send a login, character by character. */
  returnUrls: readonly string[]
  trustProxy: readonly string[] | false
  /** The header in which those proxies tell a client's country. */
  locationHeader: string | null
  /** The simulated WeChat, where there are no credentials for the real one, and its demo. */
  sandbox: { plugin: FastifyPluginAsync; page: LoginPageExtras } | null
  /** Whether logins leave a trail. */
  keepTrail: boolean
  /** Whoever counts what happens; nobody by default. */
  observe?: {
    transition?: (what: Transition) => void
    pollBatch?: (size: number) => void
    refusal?: () => void
  }
  /** Plugins of whoever runs the process: a stop in progress, metrics. */
  around?: ((app: FastifyInstance) => Promise<void>)[]
}

/** 16 KiB: the largest documented body is under 300 bytes. */
const BODY_LIMIT = 16 * 1024

/** The service as a function of its collaborators: what is registered, in order. No logic here. */
export async function buildApp(deps: AppDeps): Promise<FastifyInstance> {
  const isTrusted = deps.trustProxy ? proxyAddr.compile([...deps.trustProxy]) : null
  const app = Fastify({
    genReqId: createRequestIds(),
    trustProxy: isTrusted ?? false,
    bodyLimit: BODY_LIMIT,
    // Slow or half-sent requests give their connection back, and are looked for often enough.
    requestTimeout: 10_000,
    http: {
      requireHostHeader: false,
      joinDuplicateHeaders: true,
      connectionsCheckingInterval: 5_000,
    },
    // Longer than the 60 s after which nginx and most load balancers close an idle connection.
    keepAliveTimeout: 65_000,
    return503OnClosing: false,
    ajv: { customOptions: { coerceTypes: false, removeAdditional: false } },
    // Without a logger: one for every request, and the listeners that go with it, cost more than a
    // poll's share of the database. Whoever has something to say is given the log.
    logger: false,
    frameworkErrors: frameworkErrors(deps.log),
    clientErrorHandler,
  }).withTypeProvider<TypeBoxTypeProvider>()

  const countryOf = createCountryOf(
    deps.locationHeader,
    (address) => isTrusted?.(address, 0) === true,
  )
  const onMiss = createStrangerLimit()
  const story = createStory(deps.log, deps.observe?.transition)
  const glances = createGlances(deps.db, {
    replica: deps.replica,
    onBatch: deps.observe?.pollBatch,
  })

  await app.register(crossOrigin, { origins: deps.corsOrigins })
  answerEverything(app)
  for (const register of deps.around ?? []) await register(app)
  await app.register(requestLog, { log: deps.log })
  await app.register(errorAnswers, { log: deps.log, onUnknownPath: onMiss })
  await app.register(loadShedding, {
    log: deps.log,
    origins: deps.corsOrigins,
    pollsWaiting: glances.waiting,
    databaseBusy: deps.databaseBusy ?? (() => false),
    onRefuse: deps.observe?.refusal,
  })
  await app.register(jsonBody)
  await app.register(openapi, { publicUrl: deps.publicUrl, version: deps.version })
  await app.register(async (api) => {
    api.addHook('onRequest', (_request, reply, done) => {
      reply.header('cache-control', 'no-store').header('x-content-type-options', 'nosniff')
      done()
    })
    await api.register(rateLimits, { db: deps.db })
    await api.register(ticketRoutes, {
      db: deps.db,
      windows: deps.windows,
      matchMode: deps.matchMode,
      stock: deps.stock,
      urlLink: deps.urlLink,
      rateCreate: deps.rates.create,
      countryOf,
      glances,
      onMiss,
      tell: story.tell,
    })
    const kept = { db: deps.db, wechat: deps.wechat, onMiss, note: story.note }
    await api.register(qrcodeRoute, kept)
    if (deps.urlLink) await api.register(linkRoute, kept)
    await api.register(phoneRoutes, {
      db: deps.db,
      wechat: deps.wechat,
      tokens: deps.tokens,
      windows: deps.windows,
      matchMode: deps.matchMode,
      site: deps.site,
      rates: deps.rates,
      countryOf,
      tell: story.tell,
      keepTrail: deps.keepTrail,
    })
  })

  await app.register(wellKnownRoutes, { keyring: deps.keyring })
  await app.register(healthRoutes, { db: deps.db })

  const https = deps.publicUrl.startsWith('https:')
  await app.register(async (docs) => {
    // data: for the icons of the API's page.
    await docs.register(pageHeaders, { https, allow: { imgSrc: ["'self'", 'data:'] } })
    await docs.register(docsPage)
  })
  await app.register(async (widget) => {
    await widget.register(pageHeaders, { https })
    await widget.register(widgetRoute)
  })
  const { sandbox, returnUrls } = deps
  const extras = sandbox?.page ?? null
  await app.register(async (pages) => {
    await pages.register(pageHeaders, { https, allow: loginPageNeeds({ returnUrls, extras }) })
    await pages.register(pageRoutes, { site: deps.site, returnUrls, extras })
  })
  if (sandbox) {
    await app.register(async (pages) => {
      await pages.register(pageHeaders, { https, framed: '/sandbox/phone' })
      await pages.register(sandbox.plugin)
    })
  }

  await app.ready()
  return app
}
