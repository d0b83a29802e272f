import t from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { shapeOf } from '../../src/config/settings.ts'
import { account, APPID, credentials, problemsOf, SECRET } from '../fixtures/config.ts'

t.test('nothing set: every default', async (t) => {
  t.strictSame(readConfig({}), {
    production: false,
    logLevel: 'info',
    database: { url: 'pglite:./data', readUrl: null, pool: 10, migrate: 'auto' },
    listen: { host: '127.0.0.1', port: 3000, publicUrl: null },
    http: {
      corsOrigins: [],
      returnUrls: [],
      trustProxy: false,
      locationHeader: null,
      rates: { create: 60, phone: 60 },
    },
    ops: { host: '127.0.0.1', port: null },
    siteName: null,
    look: { logo: null, color: null },
    sandbox: true,
    officialAccount: { credentials: null, unfollow: 'keep' },
    wechat: {
      credentials: null,
      page: 'pages/login/login',
      envVersion: 'release',
      checkPath: true,
      codeWidth: 430,
      apiBase: 'https://api.weixin.qq.com',
      proxy: null,
      timeoutMs: 5000,
    },
    tickets: {
      windows: { ticket: 120, confirm: 120, pickup: 60 },
      matchMode: 'show',
      codeStock: 50,
      urlLink: false,
    },
    tokens: {
      issuer: null,
      audience: 'web',
      audienceMiniprogram: 'miniprogram',
      ttl: 7200,
      signingKeys: null,
    },
    audit: { days: 90 },
    oidc: null,
  })
})

t.test('everything set: every value', async (t) => {
  t.strictSame(
    readConfig({
      NODE_ENV: 'production',
      DATABASE_URL: 'postgres://me:pw@db.example:5433/scenepass',
      DATABASE_READ_URL: 'postgres://me:pw@replica.example/scenepass',
      DATABASE_POOL: '25',
      MIGRATE: 'off',
      HOST: '0.0.0.0',
      PORT: '8080',
      OPS_HOST: '10.0.0.5',
      OPS_PORT: '9090',
      PUBLIC_URL: 'https://login.example/',
      TRUST_PROXY: '10.0.0.0/8, ::1',
      LOCATION_HEADER: 'CF-IPCountry',
      CORS_ORIGINS: 'https://www.example, http://localhost:5173',
      RETURN_URLS: 'https://www.example/in?from=wechat, http://localhost:5173/in',
      SITE_NAME: '示例',
      SITE_LOGO: './logo.svg',
      SITE_COLOR: 'F50',
      WECHAT_APPID: APPID,
      WECHAT_SECRET: SECRET,
      WECHAT_PAGE: 'pages/scan',
      WECHAT_ENV_VERSION: 'trial',
      WECHAT_CHECK_PATH: 'false',
      WECHAT_CODE_WIDTH: '280',
      WECHAT_URL_LINK: 'on',
      WECHAT_API_BASE: 'http://127.0.0.1:4000/sandbox/wechat/',
      WECHAT_TIMEOUT_MS: '2500',
      ...account,
      OA_UNFOLLOW: 'forget',
      CODE_STOCK: '0',
      TICKET_TTL: '300',
      CONFIRM_TTL: '90',
      PICKUP_TTL: '30',
      MATCH_CODE: 'choose',
      TOKEN_ISSUER: 'https://issuer.example',
      TOKEN_AUDIENCE: 'shop',
      TOKEN_AUDIENCE_MINIPROGRAM: 'shop-mini',
      TOKEN_TTL: '600',
      SIGNING_KEYS: 'file:/run/secrets/keys.json',
      OIDC: 'on',
      OIDC_SSO_MINUTES: '480',
      OIDC_EMAIL_DOMAIN: 'users.example.com',
      RATE_CREATE: '30',
      RATE_PHONE: '40',
      AUDIT_DAYS: '30',
      LOG_LEVEL: 'warn',
      UNKNOWN: 'is not looked at',
    }),
    {
      production: true,
      logLevel: 'warn',
      database: {
        url: 'postgres://me:pw@db.example:5433/scenepass',
        readUrl: 'postgres://me:pw@replica.example/scenepass',
        pool: 25,
        migrate: 'off',
      },
      listen: { host: '0.0.0.0', port: 8080, publicUrl: 'https://login.example' },
      http: {
        corsOrigins: ['https://www.example', 'http://localhost:5173'],
        returnUrls: ['https://www.example/in?from=wechat', 'http://localhost:5173/in'],
        trustProxy: ['10.0.0.0/8', '::1'],
        locationHeader: 'CF-IPCountry',
        rates: { create: 30, phone: 40 },
      },
      ops: { host: '10.0.0.5', port: 9090 },
      siteName: '示例',
      look: { logo: './logo.svg', color: '#ff5500' },
      sandbox: false,
      officialAccount: {
        credentials: {
          appid: account.OA_APPID,
          secret: account.OA_SECRET,
          token: account.OA_TOKEN,
          aesKey: account.OA_AES_KEY,
        },
        unfollow: 'forget',
      },
      wechat: {
        credentials: { appid: APPID, secret: SECRET },
        page: 'pages/scan',
        envVersion: 'trial',
        checkPath: false,
        codeWidth: 280,
        apiBase: 'http://127.0.0.1:4000/sandbox/wechat',
        proxy: null,
        timeoutMs: 2500,
      },
      tickets: {
        windows: { ticket: 300, confirm: 90, pickup: 30 },
        matchMode: 'choose',
        codeStock: 0,
        urlLink: true,
      },
      tokens: {
        issuer: 'https://issuer.example',
        audience: 'shop',
        audienceMiniprogram: 'shop-mini',
        ttl: 600,
        signingKeys: 'file:/run/secrets/keys.json',
      },
      audit: { days: 30 },
      oidc: { ssoMinutes: 480, emailDomain: 'users.example.com' },
    },
  )
})

t.test('AppID and AppSecret go together', async (t) => {
  const { WECHAT_APPID, WECHAT_SECRET } = credentials
  t.same(problemsOf({ WECHAT_APPID }), [
    'WECHAT_SECRET is missing: WECHAT_APPID and WECHAT_SECRET go together',
  ])
  t.same(problemsOf({ WECHAT_SECRET }), [
    'WECHAT_APPID is missing: WECHAT_APPID and WECHAT_SECRET go together',
  ])
  t.same(readConfig(credentials).wechat.credentials, { appid: APPID, secret: SECRET })
})

t.test('production wants credentials and a database that the operator chose', async (t) => {
  const sandbox = /^WECHAT_APPID and WECHAT_SECRET must be set in production/
  const database = /^DATABASE_URL must be set in production: postgres:\/\//
  const named = { DATABASE_URL: 'pglite:/var/lib/scenepass' }
  const https = { PUBLIC_URL: 'https://login.example' }

  for (const env of [{ ...https, NODE_ENV: 'production' }, https]) {
    const problems = problemsOf(env)
    t.match(problems, [sandbox, database])
    t.equal(problems.length, 2)
    t.match(problemsOf({ ...env, ...named }), [sandbox])
    t.match(problemsOf({ ...env, ...credentials }), [database])
    t.equal(readConfig({ ...env, ...named, ...credentials }).production, true)
  }
  for (const NODE_ENV of ['development', 'test']) {
    t.equal(readConfig({ ...https, NODE_ENV }).production, false, 'said twice, it is allowed')
  }
  t.equal(readConfig({ PUBLIC_URL: 'http://192.168.1.5:3000' }).production, false)

  const half = problemsOf({ ...https, ...named, WECHAT_APPID: APPID })
  t.match(half, [/^WECHAT_SECRET is missing/])
  t.equal(half.length, 1, 'half of the credentials is one problem, not two')
})

t.test('in production a login goes to https alone, or to this machine', async (t) => {
  const production = { NODE_ENV: 'production', PUBLIC_URL: 'https://login.example' }
  const fine = { ...production, DATABASE_URL: 'pglite:/var/lib/x', ...credentials }
  const problem = [/^RETURN_URLS must begin with https:\/\/ in production/]
  for (const good of [
    'https://www.example/in',
    'http://localhost:5173/in',
    'http://127.0.0.1/in',
    'http://127.9.9.9:3/in',
  ]) {
    t.same(problemsOf({ ...fine, RETURN_URLS: good }), [], good)
  }
  for (const bad of [
    'http://www.example/in',
    'https://www.example/in, http://192.168.1.5/in',
    'http://localhost.evil.example/in',
    'http://127.0.0.1.evil.example/in',
  ]) {
    t.match(problemsOf({ ...fine, RETURN_URLS: bad }), problem, bad)
    t.same(problemsOf({ RETURN_URLS: bad, ...credentials }), [], 'elsewhere it is allowed')
  }
  t.same(problemsOf({ ...fine, RETURN_URLS: 'x' }), [
    `RETURN_URLS must be ${shapeOf('RETURN_URLS')}; it has "x"`,
  ])
})

t.test('the audiences of website and mini program differ', async (t) => {
  const problem = [/^TOKEN_AUDIENCE_MINIPROGRAM must differ from TOKEN_AUDIENCE/]
  t.match(problemsOf({ TOKEN_AUDIENCE: 'x', TOKEN_AUDIENCE_MINIPROGRAM: 'x' }), problem)
  t.match(problemsOf({ TOKEN_AUDIENCE: 'miniprogram' }), problem, 'also by default')
  t.match(problemsOf({ TOKEN_AUDIENCE_MINIPROGRAM: 'web' }), problem)
})

t.test('what came out cannot be changed, and the environment was not', async (t) => {
  const env = Object.freeze({ TRUST_PROXY: 'loopback', CORS_ORIGINS: 'https://a', ...credentials })
  const config = readConfig(env)
  const frozen = (value: unknown): boolean =>
    typeof value !== 'object' ||
    value === null ||
    (Object.isFrozen(value) && Object.values(value).every(frozen))
  t.ok(frozen(config))
  t.throws(() => ((config.listen as { port: number }).port = 1), TypeError)
  t.throws(() => (config.http.corsOrigins as string[]).push('https://evil.example'), TypeError)
})

t.test('the country of a client is for a trusted proxy to tell', async (t) => {
  const problem = [/^LOCATION_HEADER needs TRUST_PROXY/]
  t.match(problemsOf({ LOCATION_HEADER: 'CF-IPCountry' }), problem)
  const none = { LOCATION_HEADER: 'CF-IPCountry', TRUST_PROXY: ',' }
  t.match(problemsOf(none), problem, 'not even one')
  t.same(problemsOf({ LOCATION_HEADER: 'no header' }), [
    `LOCATION_HEADER must be ${shapeOf('LOCATION_HEADER')}`,
  ])
})
