import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { AuditRules } from '../audit/record.ts'
import type { DatabaseRules } from '../db/open.ts'
import type { HttpRules } from '../http/app.ts'
import type { TicketRules } from '../tickets/ticket.ts'
import type { TokenRules } from '../tokens/login-token.ts'
import { problemOfUrl } from './database-url.ts'
import { isProduction, problemsOfDatabase, problemsOfPlace, type Place } from './production.ts'
import { convert, isOrigin, isProxy, isReturnUrl, list, parseUrl } from './values.ts'
import type { MiniProgramSettings } from '../wechat/errcodes/entry.ts'
import { settings, shapeOf, type Settings } from './settings.ts'

/** The groups belong to the rooms that use them; what is here besides is the process's own. */
export type Config = Readonly<{
  production: boolean
  logLevel: string
  database: DatabaseRules
  listen: {
    host: string
    port: number
    /** Without a trailing slash; null: made from host and port once the port is known. */
    publicUrl: string | null
  }
  http: HttpRules
  ops: { host: string; port: number | null }
  siteName: string | null
  /** `credentials: null` is the sandbox. */
  wechat: {
    credentials: { appid: string; secret: string } | null
    apiBase: string
    timeoutMs: number
  } & Omit<MiniProgramSettings, 'appid'>
  tickets: TicketRules
  /** `issuer: null` is the public URL; `signingKeys: null`, those in the database. */
  tokens: Omit<TokenRules, 'issuer'> & { issuer: string | null; signingKeys: string | null }
  audit: AuditRules
}>

/** Every problem of the settings at once, one sentence each. */
export class ConfigError extends Error {
  readonly problems: readonly string[]

  constructor(problems: readonly string[]) {
    super(`The settings do not fit:\n${problems.map((p) => `  - ${p}`).join('\n')}`)
    this.name = 'ConfigError'
    this.problems = problems
  }
}

/**
 * Reads the settings out of an environment.
 *
 * @param env `process.env` or a part of it; empty values count as not set
 * @param options.serves false for a tool that opens the database alone: where the service would be
 *   reached, and who could sign in there, does not matter to it
 * @throws {ConfigError} with all problems together
 */
export function readConfig(
  env: Readonly<Record<string, string | undefined>>,
  options: { serves?: boolean } = {},
): Config {
  const given: Record<string, unknown> = {}
  for (const [name, schema] of Object.entries(settings.properties)) {
    const text = env[name]?.trim() ?? ''
    if (text !== '') given[name] = convert(text, (schema as { type?: string }).type)
  }
  const values = Value.Default(settings, { ...given }) as Settings

  const problems = new Map<string, string>()
  const report = (name: keyof Settings, why?: string) => {
    if (!problems.has(name)) problems.set(name, why ?? `${name} must be ${shapeOf(name)}`)
  }

  // One by one: over the whole object TypeBox stops after a handful of errors.
  for (const [name, schema] of Object.entries(settings.properties) as [keyof Settings, TSchema][]) {
    if (values[name] !== undefined && !Value.Check(schema, values[name])) report(name)
  }
  for (const name of ['DATABASE_URL', 'DATABASE_READ_URL'] as const) {
    const problem = problems.has(name) ? null : problemOfUrl(name, values[name])
    if (problem !== null) report(name, problem === '' ? undefined : `${name} ${problem}`)
  }
  if (values.DATABASE_READ_URL !== undefined) {
    if (values.DATABASE_URL.startsWith('pglite:')) {
      report(
        'DATABASE_READ_URL',
        'DATABASE_READ_URL must be empty with the embedded database: DATABASE_URL is the one it would copy',
      )
    }
  }

  const publicUrl = values.PUBLIC_URL === undefined ? null : values.PUBLIC_URL.replace(/\/$/, '')
  if (publicUrl !== null && !isOrigin(publicUrl)) report('PUBLIC_URL')
  const corsOrigins = list(values.CORS_ORIGINS)
  if (!corsOrigins.every(isOrigin)) report('CORS_ORIGINS')
  const returnUrls = list(values.RETURN_URLS)
  if (!returnUrls.every(isReturnUrl)) report('RETURN_URLS')
  const proxies = list(values.TRUST_PROXY)
  if (!proxies.every(isProxy)) report('TRUST_PROXY')
  if (values.LOCATION_HEADER !== undefined && proxies.length === 0) {
    report(
      'LOCATION_HEADER',
      'LOCATION_HEADER needs TRUST_PROXY: from other callers than your proxies it could claim any country',
    )
  }
  const apiBase = parseUrl(values.WECHAT_API_BASE)
  if (!apiBase || apiBase.search || apiBase.hash) report('WECHAT_API_BASE')

  if ((values.WECHAT_APPID === undefined) !== (values.WECHAT_SECRET === undefined)) {
    const missing = values.WECHAT_APPID === undefined ? 'WECHAT_APPID' : 'WECHAT_SECRET'
    report(missing, `${missing} is missing: WECHAT_APPID and WECHAT_SECRET go together`)
  }
  const credentials =
    values.WECHAT_APPID !== undefined && values.WECHAT_SECRET !== undefined
      ? { appid: values.WECHAT_APPID, secret: values.WECHAT_SECRET }
      : null

  if (values.TOKEN_AUDIENCE === values.TOKEN_AUDIENCE_MINIPROGRAM) {
    report(
      'TOKEN_AUDIENCE_MINIPROGRAM',
      'TOKEN_AUDIENCE_MINIPROGRAM must differ from TOKEN_AUDIENCE: it keeps web and mini program tokens apart',
    )
  }

  // A value of the wrong shape has its own sentence, and says nothing about the place.
  const fits = (name: keyof Settings) => given[name] !== undefined && !problems.has(name)
  const place: Place = {
    word: values.NODE_ENV,
    host: fits('HOST') ? values.HOST : null,
    databaseUrl: fits('DATABASE_URL') ? values.DATABASE_URL : null,
    publicUrl: fits('PUBLIC_URL') ? publicUrl : null,
    apiBase: fits('WECHAT_API_BASE') ? values.WECHAT_API_BASE : null,
    proxies: fits('TRUST_PROXY') ? proxies : [],
    corsOrigins: fits('CORS_ORIGINS') ? corsOrigins : [],
    returnUrls: fits('RETURN_URLS') ? returnUrls : [],
    appid: values.WECHAT_APPID ?? null,
  }
  const misplaced = options.serves === false ? problemsOfDatabase(place) : problemsOfPlace(place)
  for (const [name, sentence] of misplaced) report(name, sentence)

  if (problems.size > 0) throw new ConfigError([...problems.values()])

  return deepFreeze({
    production: isProduction(place),
    logLevel: values.LOG_LEVEL as string,
    database: {
      url: values.DATABASE_URL,
      readUrl: values.DATABASE_READ_URL ?? null,
      pool: values.DATABASE_POOL,
      migrate: values.MIGRATE,
    },
    listen: { host: values.HOST, port: values.PORT, publicUrl },
    http: {
      corsOrigins,
      returnUrls,
      trustProxy: proxies.length > 0 ? proxies : false,
      locationHeader: values.LOCATION_HEADER ?? null,
      rates: { create: values.RATE_CREATE, phone: values.RATE_PHONE },
    },
    ops: { host: values.OPS_HOST, port: values.OPS_PORT ?? null },
    siteName: values.SITE_NAME ?? null,
    wechat: {
      credentials,
      page: values.WECHAT_PAGE,
      envVersion: values.WECHAT_ENV_VERSION,
      checkPath: values.WECHAT_CHECK_PATH,
      codeWidth: values.WECHAT_CODE_WIDTH,
      apiBase: String(values.WECHAT_API_BASE).replace(/\/+$/, ''),
      timeoutMs: values.WECHAT_TIMEOUT_MS,
    },
    tickets: {
      windows: {
        ticket: values.TICKET_TTL,
        confirm: values.CONFIRM_TTL,
        pickup: values.PICKUP_TTL,
      },
      matchMode: values.MATCH_CODE,
      codeStock: values.CODE_STOCK,
      urlLink: values.WECHAT_URL_LINK === 'on',
    },
    tokens: {
      issuer: values.TOKEN_ISSUER ?? null,
      audience: values.TOKEN_AUDIENCE,
      audienceMiniprogram: values.TOKEN_AUDIENCE_MINIPROGRAM,
      ttl: values.TOKEN_TTL,
      signingKeys: values.SIGNING_KEYS ?? null,
    },
    audit: { days: values.AUDIT_DAYS },
  })
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner)
  }
  return Object.freeze(value)
}
