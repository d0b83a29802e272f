import type { TSchema } from 'typebox'
import { Value } from 'typebox/value'
import type { AuditRules } from '../audit/record.ts'
import type { DatabaseRules } from '../db/open.ts'
import type { HttpRules } from '../http/app.ts'
import type { OidcRules } from '../oidc/rules.ts'
import type { TicketRules } from '../tickets/ticket.ts'
import type { TokenRules } from '../tokens/login-token.ts'
import { problemOfUrl } from './database-url.ts'
import { isProduction, problemsOfDatabase, problemsOfPlace, type Place } from './production.ts'
import { convert, isProxy, isReturnUrl, list, parseUrl } from './values.ts'
import type { MiniProgramSettings } from '../wechat/errcodes/entry.ts'
import type { Words } from '../language.ts'
import {
  officialAccountIn,
  problemsOfOfficialAccount,
  type OfficialAccountCredentials,
} from './official-account.ts'
import { lookIn, type Look } from './look.ts'
import { naming, readOrigin, withPlainOrigin } from './origins.ts'
import { openIdConnectIn, problemsOfOpenIdConnect } from './openid-connect.ts'
import { proxyFor, readProxy } from './outbound-proxy.ts'
import { ConfigError, wrongShape } from './problems.ts'
import { settings, type Settings } from './settings.ts'
import { isEverywhere } from './urls.ts'

export { ConfigError }

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
  look: Look
  /** Without credentials of either account it is the sandbox, which has both. */
  sandbox: boolean
  /** `credentials: null`: this door is shut, unless it is the sandbox. */
  wechat: {
    credentials: { appid: string; secret: string } | null
    apiBase: string
    /** Through which calls go, its password included; null: directly. */
    proxy: string | null
    timeoutMs: number
  } & Omit<MiniProgramSettings, 'appid'>
  officialAccount: { credentials: OfficialAccountCredentials | null; unfollow: 'keep' | 'forget' }
  tickets: TicketRules
  /** `issuer: null` is the public URL; `signingKeys: null`, those in the database. */
  tokens: Omit<TokenRules, 'issuer'> & { issuer: string | null; signingKeys: string | null }
  audit: AuditRules
  /** null: it is off. */
  oidc: OidcRules | null
}>

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

  const problems = new Map<string, Words>()
  const report = (name: keyof Settings, why?: Words) => {
    if (!problems.has(name)) problems.set(name, why ?? wrongShape(name))
  }

  // One by one: over the whole object TypeBox stops after a handful of errors.
  for (const [name, schema] of Object.entries(settings.properties) as [keyof Settings, TSchema][]) {
    if (values[name] !== undefined && !Value.Check(schema, values[name])) report(name)
  }
  for (const name of ['DATABASE_URL', 'DATABASE_READ_URL'] as const) {
    const problem = problems.has(name) ? null : problemOfUrl(name, values[name])
    if (problem !== null) report(name, problem)
  }
  if (values.DATABASE_READ_URL !== undefined) {
    if (values.DATABASE_URL.startsWith('pglite:')) {
      report('DATABASE_READ_URL', {
        en: 'DATABASE_READ_URL must be empty with the embedded database: DATABASE_URL is the one it would copy',
        zh: 'DATABASE_READ_URL 在使用内嵌数据库时必须留空：它只能是 DATABASE_URL 的副本',
      })
    }
  }

  const originsOf = (name: 'PUBLIC_URL' | 'CORS_ORIGINS', items: readonly string[]): string[] => {
    const read = items.map(readOrigin)
    for (const each of read) if ('found' in each) report(name, wrongShape(name, each.found))
    return [...new Set(read.flatMap((each) => ('value' in each ? [each.value] : [])))]
  }
  const [publicUrl = null] = originsOf('PUBLIC_URL', values.PUBLIC_URL ? [values.PUBLIC_URL] : [])
  const corsOrigins = originsOf('CORS_ORIGINS', list(values.CORS_ORIGINS))
  const returnUrls = list(values.RETURN_URLS)
  const noReturnUrl = returnUrls.find((url) => !isReturnUrl(url))
  if (noReturnUrl !== undefined) {
    report('RETURN_URLS', wrongShape('RETURN_URLS', naming(noReturnUrl)))
  }
  const proxies = list(values.TRUST_PROXY)
  if (!proxies.every(isProxy)) report('TRUST_PROXY')
  if (values.LOCATION_HEADER !== undefined && proxies.length === 0) {
    report('LOCATION_HEADER', {
      en: 'LOCATION_HEADER needs TRUST_PROXY: from other callers than your proxies it could claim any country',
      zh: 'LOCATION_HEADER 需要同时设置 TRUST_PROXY：否则任何调用方都能随意声称国家',
    })
  }
  const apiBase = parseUrl(values.WECHAT_API_BASE)
  if (!apiBase || apiBase.search || apiBase.hash) report('WECHAT_API_BASE')

  if ((values.WECHAT_APPID === undefined) !== (values.WECHAT_SECRET === undefined)) {
    const missing = values.WECHAT_APPID === undefined ? 'WECHAT_APPID' : 'WECHAT_SECRET'
    report(missing, {
      en: `${missing} is missing: WECHAT_APPID and WECHAT_SECRET go together`,
      zh: `缺少 ${missing}：WECHAT_APPID 和 WECHAT_SECRET 必须同时设置`,
    })
  }
  const credentials =
    values.WECHAT_APPID !== undefined && values.WECHAT_SECRET !== undefined
      ? { appid: values.WECHAT_APPID, secret: values.WECHAT_SECRET }
      : null

  const officialAccount = officialAccountIn(values)

  if (values.TOKEN_AUDIENCE === values.TOKEN_AUDIENCE_MINIPROGRAM) {
    report('TOKEN_AUDIENCE_MINIPROGRAM', {
      en: 'TOKEN_AUDIENCE_MINIPROGRAM must differ from TOKEN_AUDIENCE: it keeps web and mini program tokens apart',
      zh: 'TOKEN_AUDIENCE_MINIPROGRAM 必须与 TOKEN_AUDIENCE 不同：网页和小程序的令牌靠它区分',
    })
  }

  if (clash(values)) {
    report('OPS_PORT', {
      en: `OPS_PORT must differ from PORT: both are ${values.PORT}, and one address has one program a port`,
      zh: `OPS_PORT 必须与 PORT 不同：两者都是 ${values.PORT}，同一地址的一个端口只能给一个程序使用`,
    })
  }

  const sandbox = credentials === null && officialAccount === null
  const via = !sandbox && apiBase ? proxyFor(apiBase.href, env) : null
  const proxy = via && readProxy(via.value)
  if (via && proxy === null) report(via.setting, wrongShape(via.setting, NO_PROXY_OF_OURS))

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
    accounts: [values.WECHAT_APPID, values.OA_APPID].filter((appid) => appid !== undefined),
  }
  const misplaced = options.serves === false ? problemsOfDatabase(place) : problemsOfPlace(place)
  for (const [name, sentence] of misplaced) report(name, sentence)
  if (options.serves !== false) {
    const odd = problemsOfOfficialAccount(values, isProduction(place))
    const lacking = problemsOfOpenIdConnect(values, sandbox)
    for (const [name, sentence] of [...odd, ...lacking]) report(name, sentence)
  }

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
      returnUrls: [...new Set(returnUrls.flatMap((url) => [url, withPlainOrigin(url)]))],
      trustProxy: proxies.length > 0 ? proxies : false,
      locationHeader: values.LOCATION_HEADER ?? null,
      rates: { create: values.RATE_CREATE, phone: values.RATE_PHONE },
    },
    ops: { host: values.OPS_HOST, port: values.OPS_PORT ?? null },
    siteName: values.SITE_NAME ?? null,
    look: lookIn(values),
    sandbox,
    wechat: {
      credentials,
      page: values.WECHAT_PAGE,
      envVersion: values.WECHAT_ENV_VERSION,
      checkPath: values.WECHAT_CHECK_PATH,
      codeWidth: values.WECHAT_CODE_WIDTH,
      apiBase: String(values.WECHAT_API_BASE).replace(/\/+$/, ''),
      proxy,
      timeoutMs: values.WECHAT_TIMEOUT_MS,
    },
    officialAccount: { credentials: officialAccount, unfollow: values.OA_UNFOLLOW },
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
    oidc: openIdConnectIn(values),
  })
}

const NO_PROXY_OF_OURS: Words = {
  en: 'a SOCKS proxy is none of these, and NO_PROXY=api.weixin.qq.com goes without; in a password write %25 for %, %40 for @',
  zh: '不支持 SOCKS 代理；若不需要代理，请设置 NO_PROXY=api.weixin.qq.com；密码中的 % 写成 %25，@ 写成 %40',
}

const clash = ({ HOST, PORT, OPS_HOST, OPS_PORT }: Settings): boolean =>
  PORT === OPS_PORT && (HOST === OPS_HOST || isEverywhere(HOST) || isEverywhere(OPS_HOST))

function deepFreeze<T extends object>(value: T): T {
  for (const inner of Object.values(value)) {
    if (typeof inner === 'object' && inner !== null) deepFreeze(inner)
  }
  return Object.freeze(value)
}
