import t from 'tap'
import { ConfigError, readConfig } from '../../src/config/config.ts'
import { settings, shapeOf } from '../../src/config/settings.ts'
import { account, APPID, credentials, problemsOf } from '../fixtures/config.ts'

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
    good: ['postgresql://u:p@h:5432/d?sslmode=require', 'pglite:memory', 'pglite:/var/lib/x'],
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
    good: ['http://127.0.0.1:3000', 'HTTP://Login.example:80/', 'http://[::1]:3000'],
    bad: [
      'login.example',
      'http://*.example',
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
    bad: ['*', 'www.example', 'https://www.example/x', 'null', 'https://a,*', 'https://*.example'],
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
  SITE_LOGO: { good: ['logo.svg', 'C:\\logo.png'], bad: ['https://a.example/b.png', 'data:,x'] },
  SITE_COLOR: { good: ['#0a3', '07C160'], bad: ['red', '#07c1', '#07c16g', 'rgb(0,0,0)', '#'] },
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
  HTTPS_PROXY: {
    good: ['http://user:p%40ss@proxy.example:3128', 'https://proxy.example', 'proxy.example:3128'],
    bad: ['socks5://127.0.0.1:1080', 'http://', 'http://proxy/path', 'http://u:%@proxy:1', 'a b'],
  },
  HTTP_PROXY: { good: ['http://127.0.0.1:7890/'], bad: ['socks5h://127.0.0.1:1080'] },
  NO_PROXY: { good: ['*', '.example,127.0.0.1,10.0.0.0/8'], bad: [] },
  OA_APPID: {
    good: ['wxfedcba9876543210'],
    bad: ['gh_97417a04a28d', 'wx123', 'WXfedcba9876543210', 'wxfedcba98765432100'],
  },
  OA_SECRET: { good: ['x'.repeat(32)], bad: ['short', 'x'.repeat(65), 'with spaces in it 01234'] },
  OA_TOKEN: { good: ['abc', 'x'.repeat(32)], bad: ['ab', 'x'.repeat(33), 'with-a-hyphen'] },
  OA_AES_KEY: {
    good: ['x'.repeat(43)],
    bad: ['x'.repeat(42), 'x'.repeat(44), `${'x'.repeat(42)}=`, `${'x'.repeat(42)}+`],
  },
  OA_UNFOLLOW: choice('keep', 'forget'),
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
  OIDC: choice('off', 'on'),
  OIDC_SSO_MINUTES: wholeNumber(0, 43_200),
  OIDC_EMAIL_DOMAIN: {
    good: ['users.example.com', 'a.b'],
    bad: [
      'localhost',
      '@example.com',
      'Example.com',
      'example.com.',
      'https://example.com',
      '-a.b',
    ],
  },
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
      ...(/^OA_(APPID|SECRET|TOKEN|AES_KEY)$/.test(name) && account),
      ...{
        DATABASE_READ_URL: { DATABASE_URL: 'postgres://localhost/x' },
        LOCATION_HEADER: { TRUST_PROXY: 'loopback' },
        HTTPS_PROXY: credentials,
        HTTP_PROXY: credentials,
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
      const problems = problemsOf(env)
      t.equal(problems.length, 1, `${name}=${value}`)
      t.ok(problems[0]?.startsWith(`${name} must be ${shape}`), `${name}=${value}`)
    }
    t.same(problemsOf({ [name]: '' }), [], `${name} set to nothing is not set`)
    t.same(problemsOf({ [name]: '  ' }), [], `${name} set to spaces is not set`)
    t.ok(shapeOf(name as keyof typeof settings.properties), `${name} says its shape`)
  }
})

t.test('every setting says its shape in Chinese as well', async (t) => {
  const wrong = Object.entries(cases).flatMap(([name, { bad }]) => (bad[0] ? [[name, bad[0]]] : []))
  try {
    readConfig({ ...Object.fromEntries(wrong), HTTPS_PROXY: '', HTTP_PROXY: '' })
    t.fail('that does not fit')
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    t.equal(error.inChinese.length, error.problems.length)
    for (const sentence of error.inChinese) t.match(sentence, /^[A-Z_]+ .*[\u4e00-\u9fff]/)
    t.match(error.words.zh, /^配置项有误/)
    t.equal(error.words.en, error.message)
  }
})

t.test('every problem is reported at once, and no value with it', async (t) => {
  const wrong = Object.fromEntries(
    Object.entries(cases).flatMap(([name, { bad }]) => (bad[0] ? [[name, bad[0]]] : [])),
  )
  const problems = problemsOf(wrong)
  t.same(
    problems.map((problem) => problem.split(' ')[0]).sort(),
    // Without credentials no call would go through a proxy.
    Object.keys(wrong)
      .filter((name) => !/^HTTPS?_PROXY$/.test(name))
      .sort(),
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
