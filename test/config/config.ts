import t from 'tap'
import { ConfigError, readConfig } from '../../src/config/config.ts'
import { settings, shapeOf } from '../../src/config/settings.ts'

const APPID = 'wx0123456789abcdef'
const SECRET = '0123456789abcdef0123456789abcdef'
const credentials = { WECHAT_APPID: APPID, WECHAT_SECRET: SECRET }

const problemsOf = (env: Record<string, string | undefined>): readonly string[] => {
  try {
    readConfig(env)
    return []
  } catch (error) {
    if (error instanceof ConfigError) return error.problems
    throw error
  }
}

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
    wechat: {
      credentials: null,
      page: 'pages/login/login',
      envVersion: 'release',
      checkPath: true,
      codeWidth: 430,
      apiBase: 'https://api.weixin.qq.com',
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
      WECHAT_APPID: APPID,
      WECHAT_SECRET: SECRET,
      WECHAT_PAGE: 'pages/scan',
      WECHAT_ENV_VERSION: 'trial',
      WECHAT_CHECK_PATH: 'false',
      WECHAT_CODE_WIDTH: '280',
      WECHAT_URL_LINK: 'on',
      WECHAT_API_BASE: 'http://127.0.0.1:4000/sandbox/wechat/',
      WECHAT_TIMEOUT_MS: '2500',
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
      RATE_CREATE: '30',
      RATE_PHONE: '40',
      AUDIT_DAYS: '30',
      LOG_LEVEL: 'warn',
      UNKNOWN: 'is nobody’s business',
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
      wechat: {
        credentials: { appid: APPID, secret: SECRET },
        page: 'pages/scan',
        envVersion: 'trial',
        checkPath: false,
        codeWidth: 280,
        apiBase: 'http://127.0.0.1:4000/sandbox/wechat',
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
    },
  )
})

const wholeNumber = (low: number, high: number) => ({
  good: [String(low), String(high), ` ${low} `],
  bad: [
    String(low - 1),
    String(high + 1),
    `${low}.5`,
    `${low}e1`,
    `0x${low}`,
    `+${low}`,
    'true',
    'NaN',
    'Infinity',
    '1'.repeat(30),
    '१',
  ],
})
const choice = (...good: string[]) => ({
  good,
  bad: ['x', `${good[0]}${good[0]}`, good[0]?.toUpperCase() ?? '', '1'],
})
const text = (max: number) => ({ good: ['a', 'x'.repeat(max)], bad: ['x'.repeat(max + 1)] })
const ADDRESSES = { good: ['0.0.0.0', '::', 'localhost'], bad: ['http://127.0.0.1', 'a b', '::/0'] }

/** Values that fit and values that do not, of every setting. */
const cases: Record<string, { good: string[]; bad: string[] }> = {
  NODE_ENV: {
    good: ['development', 'test'],
    bad: ['Production', 'PRODUCTION', 'prod', 'live', 'producton', 'staging', 'production,'],
  },
  DATABASE_URL: {
    good: [
      'postgres://localhost/x',
      'postgresql://u:p@h:5432/d?sslmode=require',
      'pglite:memory',
      'pglite:/var/lib/x',
    ],
    bad: ['mysql://localhost/x', 'postgres://', 'pglite:', './data', 'localhost', 'POSTGRES://x/y'],
  },
  DATABASE_READ_URL: {
    good: ['postgres://localhost/x'],
    bad: ['pglite:./data', 'postgres://', 'localhost', 'postgres://me:p#ss@replica/x'],
  },
  DATABASE_POOL: wholeNumber(1, 1000),
  MIGRATE: choice('auto', 'off'),
  HOST: ADDRESSES,
  PORT: wholeNumber(0, 65535),
  OPS_HOST: ADDRESSES,
  OPS_PORT: wholeNumber(1, 65535),
  PUBLIC_URL: {
    good: ['http://127.0.0.1:3000', 'http://login.example/', 'http://[::1]:3000'],
    bad: [
      'login.example',
      'ftp://login.example',
      'http://login.example/path',
      'http://login.example?x',
      'http://login.example#x',
      'http://u:p@login.example',
      'http://',
    ],
  },
  TRUST_PROXY: {
    good: ['loopback', 'linklocal, uniquelocal', '127.0.0.1', '::1,10.0.0.0/8', 'fd00::/8'],
    bad: [
      'true',
      '1',
      '*',
      '10.0.0.0/33',
      '10.0.0/8',
      '::1/129',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '0.0.0.0/0',
      '::/0',
      'a.b',
    ],
  },
  LOCATION_HEADER: {
    good: ['CF-IPCountry', 'x-country'],
    bad: ['CF IPCountry', 'CF-IPCountry:', 'x'.repeat(65), '国家'],
  },
  CORS_ORIGINS: {
    good: ['https://www.example', 'https://a.example,http://b.example:8080', ','],
    bad: [
      '*',
      'www.example',
      'https://www.example/',
      'https://www.example/x',
      'null',
      'https://a,*',
    ],
  },
  RETURN_URLS: {
    good: [
      'https://www.example/in',
      'http://192.168.1.5:3000/in?x=1&y=@, https://例子.example',
      'https://www.example?in',
      ',',
    ],
    bad: [
      'www.example/in',
      '/in',
      'https:///in',
      'https:www.example/in',
      'ftp://www.example/in',
      'javascript:alert(1)',
      'https://www.example/in#',
      'https://www.example/in#x',
      'https://u:p@www.example/in',
      'https://@www.example/in',
      'https://www.example\\@evil.example/in',
      'https://www.example/i\tn',
      'https://www.example:x/in',
      'https://*.example/in',
      'http://[::1]/in',
      'https://a.example/in,*',
    ],
  },
  SITE_NAME: text(64),
  WECHAT_APPID: {
    good: [],
    bad: ['wx123', 'WX0123456789abcdef', 'wx0123456789ABCDEF', APPID + 'a'],
  },
  WECHAT_SECRET: { good: [], bad: ['short', 'x'.repeat(65), 'with spaces in it 0123456789'] },
  WECHAT_PAGE: {
    good: ['pages/login/login', 'a'],
    bad: ['/pages/login', 'pages/login?x=1', 'pages/#', 'pages/ login', 'x'.repeat(129)],
  },
  WECHAT_ENV_VERSION: choice('release', 'trial', 'develop'),
  WECHAT_CHECK_PATH: choice('true', 'false'),
  WECHAT_CODE_WIDTH: wholeNumber(280, 1280),
  WECHAT_URL_LINK: choice('off', 'on'),
  WECHAT_API_BASE: {
    good: ['https://api2.weixin.qq.com', 'http://127.0.0.1:4000/sandbox/wechat'],
    bad: ['api.weixin.qq.com', 'ftp://api.weixin.qq.com', 'https://a/?b', 'https://a/#b'],
  },
  WECHAT_TIMEOUT_MS: wholeNumber(100, 60_000),
  CODE_STOCK: wholeNumber(0, 10_000),
  TICKET_TTL: wholeNumber(1, 3600),
  CONFIRM_TTL: wholeNumber(1, 3600),
  PICKUP_TTL: wholeNumber(1, 3600),
  MATCH_CODE: choice('off', 'show', 'choose'),
  TOKEN_ISSUER: text(255),
  TOKEN_AUDIENCE: text(255),
  TOKEN_AUDIENCE_MINIPROGRAM: text(255),
  TOKEN_TTL: wholeNumber(1, 2_592_000),
  SIGNING_KEYS: { good: ['{"keys":[]}', 'file:keys.json'], bad: [] },
  RATE_CREATE: wholeNumber(1, 1_000_000),
  RATE_PHONE: wholeNumber(1, 1_000_000),
  AUDIT_DAYS: wholeNumber(0, 3650),
  LOG_LEVEL: choice('trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'),
}

t.test('each setting takes what fits and refuses what does not', async (t) => {
  t.same(Object.keys(cases), Object.keys(settings.properties), 'every setting is here')
  for (const [name, { good, bad }] of Object.entries(cases)) {
    const base = {
      NODE_ENV: 'development',
      ...{
        DATABASE_READ_URL: { DATABASE_URL: 'postgres://localhost/x' },
        LOCATION_HEADER: { TRUST_PROXY: 'loopback' },
      }[name],
    }
    for (const value of good) t.same(problemsOf({ ...base, [name]: value }), [], `${name}=${value}`)
    for (const value of bad) {
      const other = { WECHAT_APPID: 'WECHAT_SECRET', WECHAT_SECRET: 'WECHAT_APPID' }[name]
      const env = {
        ...base,
        [name]: value,
        ...(other ? { [other]: credentials[other as 'WECHAT_APPID'] } : {}),
      }
      const shape = shapeOf(name as keyof typeof settings.properties)
      t.same(problemsOf(env), [`${name} must be ${shape}`], `${name}=${value}`)
    }
    t.same(problemsOf({ [name]: '' }), [], `${name} set to nothing is not set`)
    t.same(problemsOf({ [name]: '  ' }), [], `${name} set to spaces is not set`)
    t.ok(shapeOf(name as keyof typeof settings.properties), `${name} says its shape`)
  }
})

t.test('every problem is reported at once, and no value with it', async (t) => {
  const wrong = Object.fromEntries(
    Object.entries(cases).flatMap(([name, { bad }]) => (bad[0] ? [[name, bad[0]]] : [])),
  )
  const problems = problemsOf(wrong)
  t.same(
    problems.map((problem) => problem.split(' ')[0]).sort(),
    Object.keys(wrong).sort(),
    'one sentence a setting',
  )
  try {
    readConfig({ ...wrong, DATABASE_URL: 'mysql://me:hunter2@db/x', WECHAT_SECRET: 'hunter2' })
    t.fail('that does not fit')
  } catch (error) {
    const { name, message } = error as Error
    t.equal(name, 'ConfigError')
    t.match(message, /^The settings do not fit:\n.*\n {2}- DATABASE_URL must be postgres:\/\//)
    t.equal(message.split('\n').length, problems.length + 1)
    t.notMatch(message, 'hunter2')
  }
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

t.test('production wants credentials and a database that somebody chose', async (t) => {
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
    `RETURN_URLS must be ${shapeOf('RETURN_URLS')}`,
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

t.test('a database URL that nothing can read is a problem of the settings', async (t) => {
  for (const DATABASE_URL of ['postgres://me:p#ss@db.example/x', 'postgres://db.example:port/x']) {
    t.same(problemsOf({ DATABASE_URL }), [`DATABASE_URL must be ${shapeOf('DATABASE_URL')}`])
  }
})

t.test('an embedded database has no read replica', async (t) => {
  t.match(problemsOf({ DATABASE_READ_URL: 'postgres://localhost/x' }), [
    /^DATABASE_READ_URL must be empty with the embedded database/,
  ])
})

t.test('the country of a client is for a trusted proxy to tell', async (t) => {
  const problem = [/^LOCATION_HEADER needs TRUST_PROXY/]
  t.match(problemsOf({ LOCATION_HEADER: 'CF-IPCountry' }), problem)
  t.match(
    problemsOf({ LOCATION_HEADER: 'CF-IPCountry', TRUST_PROXY: ',' }),
    problem,
    'not even one',
  )
  t.same(problemsOf({ LOCATION_HEADER: 'no header' }), [
    `LOCATION_HEADER must be ${shapeOf('LOCATION_HEADER')}`,
  ])
})
