import { Type, type Static } from 'typebox'
import { lookSettings } from './look-settings.ts'
import { officialAccountSettings } from './official-account-settings.ts'
import { openIdConnectSettings } from './openid-connect-settings.ts'
import { LISTEN } from './urls.ts'

/**
 * The only list of settings: names, defaults, bounds. Each description completes the sentence
 * "NAME must be …" when a value does not fit.
 */
export const settings = Type.Object({
  NODE_ENV: Type.Optional(
    Type.Union(
      ['production', 'development', 'test'].map((word) => Type.Literal(word)),
      { description: 'production, development or test' },
    ),
  ),
  DATABASE_URL: Type.String({
    default: 'pglite:./data',
    // No shell reads it, so ~ is a folder's name; and a URL of PGlite's own would be another folder.
    pattern: '^(postgres(ql)?://.+|socket:/.+|pglite:(?!~|//|.*://).+)$',
    description:
      'postgres://user:password@host:5432/database (in a password %23 for #, %2F for /, %3F for ?), or pglite:FOLDER with a plain path (pglite:./data or pglite:/srv/scenepass/data, without ~ and ://)',
  }),
  DATABASE_READ_URL: Type.Optional(
    Type.String({
      pattern: '^(postgres(ql)?://|socket:/).+$',
      description: 'postgres://user:password@host:5432/database of a read replica',
    }),
  ),
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
    default: LISTEN.HOST,
    pattern: '^[^\\s/]+$',
    description: 'an address to listen on, such as 127.0.0.1 or 0.0.0.0',
  }),
  PORT: Type.Integer({
    default: LISTEN.PORT,
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
  LOCATION_HEADER: Type.Optional(
    Type.String({
      pattern: '^[A-Za-z0-9_-]{1,64}$',
      description: 'the name of a header, such as CF-IPCountry',
    }),
  ),
  CORS_ORIGINS: Type.Optional(
    Type.String({
      description: 'comma-separated origins such as https://www.example (no path, no *)',
    }),
  ),
  RETURN_URLS: Type.Optional(
    Type.String({
      description:
        'comma-separated http(s) URLs such as https://www.example/signed-in (no fragment, no credentials)',
    }),
  ),
  SITE_NAME: Type.Optional(
    Type.String({
      maxLength: 64,
      // Control characters, line breaks, and what is not seen: bidi marks, soft hyphens, zero width.
      pattern: '^[^\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]*$',
      description: 'a name of at most 64 characters, all of them visible',
    }),
  ),
  ...lookSettings,
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
  WECHAT_URL_LINK: Type.Union([Type.Literal('off'), Type.Literal('on')], {
    default: 'off',
    description: 'off or on',
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
  // Their shape matters, and is looked at, where a call goes through a proxy.
  HTTPS_PROXY: Type.Optional(
    Type.String({ description: 'an http or https proxy such as http://user:password@host:3128' }),
  ),
  HTTP_PROXY: Type.Optional(
    Type.String({ description: 'an http or https proxy such as http://user:password@host:3128' }),
  ),
  NO_PROXY: Type.Optional(
    Type.String({
      description: 'comma-separated names, domains, addresses or CIDR ranges, or * for all',
    }),
  ),
  ...officialAccountSettings,
  CODE_STOCK: Type.Integer({
    default: 50,
    minimum: 0,
    maximum: 10_000,
    description: 'a whole number of codes from 0 to 10000 (0 = none are made in advance)',
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
  ...openIdConnectSettings,
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
  AUDIT_DAYS: Type.Integer({
    default: 90,
    minimum: 0,
    maximum: 3650,
    description: 'a whole number of days from 0 to 3650 (0 = keep no trail)',
  }),
  LOG_LEVEL: Type.Union(
    ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'].map((l) => Type.Literal(l)),
    { default: 'info', description: 'trace, debug, info, warn, error, fatal or silent' },
  ),
})

export type Settings = Static<typeof settings>

/** The sentence's end: "NAME must be …". */
export const shapeOf = (name: keyof Settings): string =>
  (settings.properties[name] as { description?: string }).description ?? ''
