import { isIP } from 'node:net'
import { Type, type Static } from 'typebox'
import { Value } from 'typebox/value'

/**
 * The only list of settings: names, defaults, bounds. Each description completes the sentence
 * "NAME must be …" when a value does not fit.
 */
export const settings = Type.Object({
  NODE_ENV: Type.Optional(Type.String({ description: 'production, development or test' })),
  DATABASE_URL: Type.String({
    default: 'pglite:./data',
    pattern: '^(postgres(ql)?://.+|pglite:.+)$',
    description: 'postgres://user:password@host:5432/database, or pglite:FOLDER',
  }),
  DATABASE_POOL: Type.Integer({
    default: 10,
    minimum: 1,
    maximum: 1000,
    description: 'a whole number of connections from 1 to 1000',
  }),
  MIGRATE: Type.Union([Type.Literal('auto'), Type.Literal('off')], {
    default: 'auto',
    description: 'auto or off',
  }),
  HOST: Type.String({
    default: '127.0.0.1',
    pattern: '^[^\\s/]+$',
    description: 'an address to listen on, such as 127.0.0.1 or 0.0.0.0',
  }),
  PORT: Type.Integer({
    default: 3000,
    minimum: 0,
    maximum: 65535,
    description: 'a port number from 0 to 65535 (0 = any free one)',
  }),
  OPS_HOST: Type.String({
    default: '127.0.0.1',
    pattern: '^[^\\s/]+$',
    description: 'an address to listen on, such as 127.0.0.1',
  }),
  OPS_PORT: Type.Optional(
    Type.Integer({
      minimum: 1,
      maximum: 65535,
      description: 'a port number from 1 to 65535, or nothing to have no metrics',
    }),
  ),
  PUBLIC_URL: Type.Optional(
    Type.String({
      description: 'an http(s) URL without path, query or fragment, such as https://login.example',
    }),
  ),
  TRUST_PROXY: Type.Optional(
    Type.String({
      description:
        'comma-separated addresses or CIDR ranges of your proxies (or loopback, linklocal, uniquelocal)',
    }),
  ),
  CORS_ORIGINS: Type.Optional(
    Type.String({
      description: 'comma-separated origins such as https://www.example (no path, no *)',
    }),
  ),
  SITE_NAME: Type.Optional(
    Type.String({ maxLength: 64, description: 'a name of at most 64 characters' }),
  ),
  WECHAT_APPID: Type.Optional(
    Type.String({
      pattern: '^wx[0-9a-z]{16}$',
      description: "your mini program's AppID: wx and 16 letters and digits",
    }),
  ),
  WECHAT_SECRET: Type.Optional(
    Type.String({
      pattern: '^[0-9A-Za-z_-]{16,64}$',
      description: "your mini program's AppSecret: 32 letters and digits",
    }),
  ),
  WECHAT_PAGE: Type.String({
    default: 'pages/login/login',
    pattern: '^[A-Za-z0-9_-][^?#\\s]{0,127}$',
    description: 'a page of your app.json, without a leading / and without a query',
  }),
  WECHAT_ENV_VERSION: Type.Union(
    [Type.Literal('release'), Type.Literal('trial'), Type.Literal('develop')],
    { default: 'release', description: 'release, trial or develop' },
  ),
  WECHAT_CHECK_PATH: Type.Boolean({ default: true, description: 'true or false' }),
  WECHAT_CODE_WIDTH: Type.Integer({
    default: 430,
    minimum: 280,
    maximum: 1280,
    description: 'a whole number of pixels from 280 to 1280',
  }),
  WECHAT_API_BASE: Type.String({
    default: 'https://api.weixin.qq.com',
    description: 'an http(s) URL without query, such as https://api.weixin.qq.com',
  }),
  WECHAT_TIMEOUT_MS: Type.Integer({
    default: 5000,
    minimum: 100,
    maximum: 60_000,
    description: 'a whole number of milliseconds from 100 to 60000',
  }),
  TICKET_TTL: Type.Integer({
    default: 120,
    minimum: 1,
    maximum: 3600,
    description: 'a whole number of seconds from 1 to 3600',
  }),
  CONFIRM_TTL: Type.Integer({
    default: 120,
    minimum: 1,
    maximum: 3600,
    description: 'a whole number of seconds from 1 to 3600',
  }),
  PICKUP_TTL: Type.Integer({
    default: 60,
    minimum: 1,
    maximum: 3600,
    description: 'a whole number of seconds from 1 to 3600',
  }),
  MATCH_CODE: Type.Union([Type.Literal('off'), Type.Literal('show'), Type.Literal('choose')], {
    default: 'show',
    description: 'off, show or choose',
  }),
  TOKEN_ISSUER: Type.Optional(
    Type.String({ maxLength: 255, description: 'a text of at most 255 characters' }),
  ),
  TOKEN_AUDIENCE: Type.String({
    default: 'web',
    maxLength: 255,
    description: 'a text of at most 255 characters',
  }),
  TOKEN_AUDIENCE_MINIPROGRAM: Type.String({
    default: 'miniprogram',
    maxLength: 255,
    description: 'a text of at most 255 characters',
  }),
  TOKEN_TTL: Type.Integer({
    default: 7200,
    minimum: 1,
    maximum: 2_592_000,
    description: 'a whole number of seconds from 1 to 2592000 (30 days)',
  }),
  SIGNING_KEYS: Type.Optional(
    Type.String({ description: 'a private JWKS as JSON, or file:PATH of one' }),
  ),
  RATE_CREATE: Type.Integer({
    default: 60,
    minimum: 1,
    maximum: 1_000_000,
    description: 'a whole number of requests per address and minute from 1 to 1000000',
  }),
  RATE_PHONE: Type.Integer({
    default: 60,
    minimum: 1,
    maximum: 1_000_000,
    description: 'a whole number of requests per address and minute from 1 to 1000000',
  }),
  LOG_LEVEL: Type.Union(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map((l) => Type.Literal(l)),
    { default: 'info', description: 'trace, debug, info, warn, error, fatal or silent' },
  ),
})

type Settings = Static<typeof settings>

/** The sentence's end: "NAME must be …". */
export const shapeOf = (name: keyof Settings): string =>
  (settings.properties[name] as { description?: string }).description ?? ''

export type MatchMode = Settings['MATCH_CODE']

export type Config = Readonly<{
  production: boolean
  logLevel: string
  database: { url: string; pool: number; migrate: 'auto' | 'off' }
  http: {
    host: string
    port: number
    /** Without a trailing slash; null: made from host and port once the port is known. */
    publicUrl: string | null
    trustProxy: string[] | false
    corsOrigins: string[]
  }
  ops: { host: string; port: number | null }
  siteName: string | null
  /** `credentials: null` is the sandbox. */
  wechat: {
    credentials: { appid: string; secret: string } | null
    page: string
    envVersion: Settings['WECHAT_ENV_VERSION']
    checkPath: boolean
    codeWidth: number
    apiBase: string
    timeoutMs: number
  }
  /** Seconds. */
  windows: { ticket: number; confirm: number; pickup: number }
  matchMode: MatchMode
  tokens: {
    issuer: string | null
    audience: string
    audienceMiniprogram: string
    /** Seconds. */
    ttl: number
    signingKeys: string | null
  }
  /** Requests per address and minute. */
  rates: { create: number; phone: number }
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

/** Strict on purpose: TypeBox's own conversion reads 3000.5 as 3000 and "true" as 1. */
function convert(text: string, type: string | undefined): unknown {
  if (type === 'integer' && /^\d{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true'
  return text
}

const list = (text: string | undefined): string[] =>
  (text ?? '')
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '')

const parseUrl = (text: string): URL | null =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? new URL(text) : null

const isOrigin = (text: string): boolean => parseUrl(text)?.origin === text

const isProxy = (text: string): boolean => {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  return bits === undefined || (/^\d{1,3}$/.test(bits) && Number(bits) <= (family === 4 ? 32 : 128))
}

/**
 * Reads the settings out of an environment.
 *
 * @param env `process.env` or a part of it; empty values count as not set
 * @throws {ConfigError} with all problems together
 */
export function readConfig(env: Readonly<Record<string, string | undefined>>): Config {
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

  for (const error of Value.Errors(settings, values)) {
    const name = error.instancePath.split('/')[1]
    if (name) report(name as keyof Settings)
  }

  const publicUrl = values.PUBLIC_URL === undefined ? null : values.PUBLIC_URL.replace(/\/$/, '')
  if (publicUrl !== null && !isOrigin(publicUrl)) report('PUBLIC_URL')
  const corsOrigins = list(values.CORS_ORIGINS)
  if (!corsOrigins.every(isOrigin)) report('CORS_ORIGINS')
  const proxies = list(values.TRUST_PROXY)
  if (!proxies.every(isProxy)) report('TRUST_PROXY')
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

  // An https address is how the world reaches a service, so it counts as production, and the
  // sandbox (where anybody signs in as anybody) needs a second word to run behind one.
  const production =
    values.NODE_ENV === 'production' ||
    (publicUrl?.startsWith('https:') === true &&
      values.NODE_ENV !== 'development' &&
      values.NODE_ENV !== 'test')
  if (production) {
    if (!credentials && !problems.has('WECHAT_APPID') && !problems.has('WECHAT_SECRET')) {
      report(
        'WECHAT_APPID',
        'WECHAT_APPID and WECHAT_SECRET must be set in production: without them this would be the sandbox, where anybody signs in as anybody (NODE_ENV=development allows the sandbox behind https)',
      )
    }
    if (given['DATABASE_URL'] === undefined) {
      report('DATABASE_URL', `DATABASE_URL must be set in production: ${shapeOf('DATABASE_URL')}`)
    }
  }

  if (problems.size > 0) throw new ConfigError([...problems.values()])

  return deepFreeze({
    production,
    logLevel: values.LOG_LEVEL as string,
    database: { url: values.DATABASE_URL, pool: values.DATABASE_POOL, migrate: values.MIGRATE },
    http: {
      host: values.HOST,
      port: values.PORT,
      publicUrl,
      trustProxy: proxies.length > 0 ? proxies : false,
      corsOrigins,
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
    windows: {
      ticket: values.TICKET_TTL,
      confirm: values.CONFIRM_TTL,
      pickup: values.PICKUP_TTL,
    },
    matchMode: values.MATCH_CODE,
    tokens: {
      issuer: values.TOKEN_ISSUER ?? null,
      audience: values.TOKEN_AUDIENCE,
      audienceMiniprogram: values.TOKEN_AUDIENCE_MINIPROGRAM,
      ttl: values.TOKEN_TTL,
      signingKeys: values.SIGNING_KEYS ?? null,
    },
    rates: { create: values.RATE_CREATE, phone: values.RATE_PHONE },
  })
}

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner)
  }
  return Object.freeze(value)
}
