import t from 'tap'
import { ConfigError, readConfig } from '../../src/config/config.ts'
import { isLoopback, isPublic } from '../../src/config/hosts.ts'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../../src/config/sandbox.ts'

type Env = Record<string, string>

/** The settings that a refusal is about, sorted, and all its text. */
function refusalOf(env: Env, options?: { serves: boolean }): { names: string[]; text: string } {
  try {
    readConfig(env, options)
    return { names: [], text: '' }
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error
    const names = error.problems.map((problem) => problem.split(' ', 1)[0] ?? '')
    return { names: names.sort(), text: error.problems.join('\n') }
  }
}
const refused = (env: Env): string[] => refusalOf(env).names

const credentials = {
  WECHAT_APPID: 'wx0123456789abcdef',
  WECHAT_SECRET: '0123456789abcdef0123456789abcdef',
}
const simulated = { WECHAT_APPID: SANDBOX_APPID, WECHAT_SECRET: SANDBOX_SECRET }
/** A secret store that was down. */
const empty = { WECHAT_APPID: '', WECHAT_SECRET: ' ' }
const DATABASE_URL = 'postgres://scenepass:pw@db.example/scenepass'
const live = {
  NODE_ENV: 'production',
  PUBLIC_URL: 'https://login.example.com',
  DATABASE_URL,
  ...credentials,
}

t.test('threat 28: NODE_ENV is one of its three words, or not set', async (t) => {
  for (const NODE_ENV of ['Production', 'PRODUCTION', 'prod', 'live', 'producton', 'staging']) {
    const { names, text } = refusalOf({ NODE_ENV })
    t.same(names, ['NODE_ENV'], NODE_ENV)
    t.match(text, 'NODE_ENV must be production, development or test')
    t.same(refused({ ...live, NODE_ENV }), ['NODE_ENV'], `${NODE_ENV}, with everything else set`)
  }
  for (const NODE_ENV of ['development', 'test', '', ' test ']) t.same(refused({ NODE_ENV }), [])
  t.same(refused(live), [])
})

t.test('threat 28: the sandbox starts where nothing says production', async (t) => {
  for (const env of [
    {},
    { NODE_ENV: '', ...empty },
    { HOST: '0.0.0.0' },
    { HOST: '::', PORT: '8080' },
    { HOST: '192.168.1.5' },
    { HOST: '0.0.0.0', PUBLIC_URL: 'http://192.168.1.5:3000' },
    { PUBLIC_URL: 'http://10.1.2.3:3000' },
    { PUBLIC_URL: 'http://[fd00::5]:3000' },
    { PUBLIC_URL: 'http://[::1]:3000' },
    { PUBLIC_URL: 'http://localhost:3000' },
    { PUBLIC_URL: 'http://my-mac.local:3000' },
    { PUBLIC_URL: 'http://my-mac:3000' },
    { CORS_ORIGINS: 'http://localhost:5173', RETURN_URLS: 'http://localhost:5173/in' },
    { CORS_ORIGINS: 'https://localhost:5173' },
    { TOKEN_ISSUER: 'https://login.example' },
    { DATABASE_URL: 'pglite:./elsewhere' },
    { DATABASE_URL: 'postgres://me:pw@localhost/x' },
    { DATABASE_URL: 'postgres://me:pw@127.0.0.1:5433/x', PUBLIC_URL: 'http://127.0.0.1:3000' },
    { DATABASE_URL: 'postgres://me:pw@[::1]/x' },
    { DATABASE_URL: 'postgres://me@localhost/x?host=/var/run/postgresql' },
    { DATABASE_URL: 'socket:/var/run/postgresql?db=x' },
    { DATABASE_URL: 'postgres://me@localhost:1,127.0.0.1:2/x' },
  ]) {
    t.same(refused(env), [], JSON.stringify(env))
  }
})

t.test('threat 28: what says production is named, and shuts the sandbox', async (t) => {
  for (const [says, env] of [
    ['NODE_ENV', { NODE_ENV: 'production', PUBLIC_URL: 'http://localhost:3000', DATABASE_URL }],
    ['PUBLIC_URL', { PUBLIC_URL: 'https://login.example.com', DATABASE_URL: 'pglite:./x' }],
    ['PUBLIC_URL', { PUBLIC_URL: 'http://login.example.com' }],
    ['PUBLIC_URL', { PUBLIC_URL: 'http://203.0.113.5:3000' }],
    ['PUBLIC_URL', { PUBLIC_URL: 'http://[2001:db8::5]:3000' }],
    ['HOST', { HOST: '203.0.113.5' }],
    ['DATABASE_URL', { DATABASE_URL }],
    ['DATABASE_URL', { DATABASE_URL, PUBLIC_URL: 'http://127.0.0.1:3000' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgresql://me@localhost/x?host=db.internal' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://me@localhost,db.internal/x' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://localhost/x', HOST: '0.0.0.0' }],
    ['DATABASE_URL', { DATABASE_URL: 'postgres://localhost/x', HOST: '192.168.1.5' }],
    [
      'DATABASE_URL',
      { DATABASE_URL: 'postgres://localhost/x', PUBLIC_URL: 'http://192.168.1.5:3000' },
    ],
    ['TRUST_PROXY', { TRUST_PROXY: 'loopback' }],
    ['TRUST_PROXY', { TRUST_PROXY: '10.0.0.0/8', HOST: '0.0.0.0' }],
    ['CORS_ORIGINS', { CORS_ORIGINS: 'http://localhost:5173, https://www.example.com' }],
    ['RETURN_URLS', { RETURN_URLS: 'https://www.example.com/in' }],
  ] as const) {
    for (const none of [{}, empty]) {
      const { names, text } = refusalOf({ ...env, ...none })
      t.same(names, ['WECHAT_APPID'], JSON.stringify(env))
      t.match(text, /^WECHAT_APPID and WECHAT_SECRET must be set in production/)
      t.match(text, says === 'NODE_ENV' ? 'NODE_ENV=development' : `${says} says that this is`)
    }
    for (const NODE_ENV of ['development', 'test']) {
      t.same(refused({ ...env, NODE_ENV }), [], `${NODE_ENV} is believed: ${JSON.stringify(env)}`)
    }
    if (says === 'NODE_ENV') continue
    t.same(refused({ ...env, ...credentials }), [], 'credentials are all it wants')
  }
  const { text } = refusalOf({ TRUST_PROXY: 'loopback', HOST: '0.0.0.0', DATABASE_URL })
  t.match(text, 'DATABASE_URL, TRUST_PROXY say that this is production')
})

t.test('threat 28: in production each setting is one of a production', async (t) => {
  for (const [names, changed] of [
    [['WECHAT_APPID'], simulated],
    [['WECHAT_APPID'], empty],
    [['WECHAT_SECRET'], { WECHAT_SECRET: '' }],
    [['DATABASE_URL'], { DATABASE_URL: '' }],
    [['PUBLIC_URL'], { PUBLIC_URL: '' }],
    [['PUBLIC_URL'], { PUBLIC_URL: 'http://login.example.com' }],
    [['PUBLIC_URL'], { PUBLIC_URL: 'http://192.168.1.5' }],
    [['WECHAT_API_BASE'], { WECHAT_API_BASE: 'http://api.weixin.qq.com' }],
    [['WECHAT_API_BASE'], { WECHAT_API_BASE: 'http://10.0.0.5:4000/sandbox/wechat' }],
    [['WECHAT_API_BASE'], { WECHAT_API_BASE: 'http://localhost.evil.example' }],
    [['CORS_ORIGINS'], { CORS_ORIGINS: 'https://a.example,http://www.example.com' }],
    [['RETURN_URLS'], { RETURN_URLS: 'https://a.example,http://www.example.com/in' }],
    [
      ['CORS_ORIGINS', 'PUBLIC_URL', 'WECHAT_API_BASE', 'WECHAT_APPID'],
      { PUBLIC_URL: '', CORS_ORIGINS: 'http://a', WECHAT_API_BASE: 'http://a', ...simulated },
    ],
    [[], { PUBLIC_URL: 'http://localhost:3000', CORS_ORIGINS: 'http://127.0.0.1:5173' }],
    [[], { PUBLIC_URL: 'http://[::1]:3000', WECHAT_API_BASE: 'http://[::1]:4000' }],
    [[], { WECHAT_API_BASE: 'http://127.0.0.1:4000' }],
    [[], { WECHAT_API_BASE: 'HTTPS://api2.weixin.qq.com' }],
  ] as const) {
    t.same(refused({ ...live, ...changed }), names, JSON.stringify(changed))
    if (names.length === 0) t.equal(readConfig({ ...live, ...changed }).production, true)
  }
})

t.test('threat 28: an https address is production without NODE_ENV as well', async (t) => {
  const { NODE_ENV: _, ...rest } = live
  t.equal(readConfig(rest).production, true)
  t.same(refused({ ...rest, ...simulated }), ['WECHAT_APPID'])
  t.same(refused({ ...rest, WECHAT_API_BASE: 'http://10.0.0.5' }), ['WECHAT_API_BASE'])
  t.same(refused({ ...rest, CORS_ORIGINS: 'http://www.example.com' }), ['CORS_ORIGINS'])
  t.same(refused({ ...rest, ...simulated, NODE_ENV: 'development' }), [])
})

t.test('a rehearsal on the simulated WeChat is no production, unless it is public', async (t) => {
  const rehearsal = { DATABASE_URL, TRUST_PROXY: 'loopback', HOST: '0.0.0.0', ...simulated }
  t.same(refused(rehearsal), [])
  t.same(refused({ ...rehearsal, PUBLIC_URL: 'http://192.168.1.5:3001' }), [])
  t.same(refused({ ...rehearsal, PUBLIC_URL: 'http://login.example.com' }), ['WECHAT_APPID'])
})

t.test('a tool that opens the database alone asks for nothing but that', async (t) => {
  const ofTool = (env: Env) => refusalOf(env, { serves: false }).names
  t.same(ofTool({ DATABASE_URL }), [])
  t.same(ofTool({ DATABASE_URL, NODE_ENV: 'production' }), [])
  t.same(ofTool({ NODE_ENV: 'production' }), ['DATABASE_URL'])
  t.same(ofTool({ PUBLIC_URL: 'https://login.example.com' }), ['DATABASE_URL'])
  t.same(ofTool({ DATABASE_URL, NODE_ENV: 'prod', TOKEN_TTL: 'x' }), ['NODE_ENV', 'TOKEN_TTL'])
})

t.test('which hosts are this machine, and which are the internet’s', async (t) => {
  for (const [host, loopback, open] of [
    ['localhost', true, false],
    ['LOCALHOST', true, false],
    ['127.0.0.1', true, false],
    ['127.9.9.9', true, false],
    ['[::1]', true, false],
    ['::1', true, false],
    ['[::ffff:7f00:1]', true, false],
    ['0.0.0.0', false, false],
    ['::', false, false],
    ['localhost.example.com', false, true],
    ['127.0.0.1.example.com', false, true],
    ['127.example', false, true],
    ['10.0.0.1', false, false],
    ['172.31.255.255', false, false],
    ['172.32.0.1', false, true],
    ['100.64.0.1', false, false],
    ['100.128.0.1', false, true],
    ['169.254.1.1', false, false],
    ['[fe80::1]', false, false],
    ['[fd12::1]', false, false],
    ['[2400:3200::1]', false, true],
    ['8.8.8.8', false, true],
    ['printer', false, false],
    ['printer.lan', false, false],
    ['login.example.com.', false, true],
    ['xn--fiqs8s.cn', false, true],
    ['', false, false],
  ] as const) {
    t.same([isLoopback(host), isPublic(host)], [loopback, open], host)
  }
})
