import { existsSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { examine, type Examination } from '../../src/doctor/examine.ts'
import { lockFolder } from '../../src/db/folder-lock.ts'
import { asJson, wouldWork } from '../../src/doctor/print.ts'
import type { CheckName } from '../../src/doctor/plan.ts'
import { generateSigningJwk } from '../../src/tokens/signing-key.ts'
import { createFirstKey } from '../../src/tokens/stored-keys.ts'
import { codeImage } from '../../src/sandbox/wechat/code-image.ts'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../../src/config/sandbox.ts'
import { startApp } from '../fixtures/app.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { call } from '../fixtures/network/client.ts'
import { postgresDb, postgresUrl } from '../fixtures/postgres/database.ts'
import { fakeUpstream } from '../fixtures/network/fake-upstream.ts'
import { createWiretap, leaked } from '../fixtures/network/wiretap.ts'

const PASSWORD = 'a pass%word'
const withPassword = (url: string) => {
  const secret = new URL(url)
  secret.password = PASSWORD
  return secret.href
}

const databaseUrl = await postgresUrl(t)
const wiretap = createWiretap()
const { url, db } = await startApp(t, { databaseUrl, urlLink: true, around: [wiretap.listen] })

/** What `npm run sandbox` prints, and the settings of the service that runs here. */
const settings = {
  DATABASE_URL: withPassword(databaseUrl),
  PUBLIC_URL: url,
  WECHAT_APPID: SANDBOX_APPID,
  WECHAT_SECRET: SANDBOX_SECRET,
  WECHAT_API_BASE: `${url}/sandbox/wechat`,
}

const said: string[] = []

async function look(env: Examination['env'] = {}, options: Omit<Examination, 'env'> = {}) {
  const results = await examine({ env: { ...settings, ...env }, ...options })
  said.push(asJson(results))
  const of = (name: CheckName) => {
    const result = results.find((each) => each.name === name)
    if (!result) throw new Error(`no check ${name}`)
    return result
  }
  const named = (status: string) =>
    results.filter((each) => each.status === status).map(({ name }) => name)
  return { results, of, named, works: wouldWork(results) }
}

const fault = async (json: object) => void (await call(`${url}/sandbox/faults`, { json }))

t.test('against the sandbox all is in order, and it says that it is the sandbox', async (t) => {
  const heard: string[] = []
  const { results, of, named, works } = await look(
    { WECHAT_URL_LINK: 'on' },
    { onResult: ({ name }) => heard.push(name) },
  )
  t.same(named('failed'), [])
  t.same(named('unchecked'), [])
  t.same(named('warning'), ['real-wechat'])
  t.equal(works, true)
  t.match(of('real-wechat').says, { en: /No real login works/, zh: /真实登录不可用/ })
  t.equal(results.length, 17)
  t.same(
    heard,
    results.map(({ name }) => name),
  )
  const { rows } = await sql<{ n: number }>`
    select
      (select count(*) from tickets where status <> 'canceled')::int
      + (select count(*) from users)::int
      + (select count(*) from logins)::int as n
  `.execute(db)
  t.same(rows, [{ n: 0 }], 'and leaves nothing behind')
})

t.test(
  'settings that do not fit are named all at once, and nothing else is looked at',
  async (t) => {
    const { of, named, works } = await look({ TICKET_TTL: 'long', WECHAT_SECRET: '' })
    t.same(named('failed'), ['settings'])
    t.same(named('ok'), [])
    t.match(of('settings').says, {
      en: /- TICKET_TTL must be .*\n- WECHAT_SECRET is missing/,
      zh: /TICKET_TTL、WECHAT_SECRET/,
    })
    t.match(of('page').says.en, 'because the settings did not pass')
    t.equal(works, false)
  },
)

t.test('a database that cannot be used', async (t) => {
  const elsewhere = new URL(withPassword(databaseUrl))
  elsewhere.pathname = '/there_is_none'
  const { of, named } = await look({ DATABASE_URL: elsewhere.href })
  t.same(named('failed'), ['database'])
  t.match(of('database').says.en, /cannot be used: .*"there_is_none" does not exist\./)
  t.same(named('unchecked'), [
    'migrations',
    'database-clock',
    'signing-keys',
    'published-keys',
    'proxy',
  ])
  t.equal(of('page').status, 'ok', 'what does not need it is looked at')
})

t.test('a schema that is behind', async (t) => {
  const { of, named } = await look({ DATABASE_URL: await postgresUrl(t, { empty: true }) })
  t.same(named('failed'), ['migrations'])
  t.match(of('migrations'), {
    says: { en: /Not applied yet: 0001_tickets, 0002_users, / },
    fix: { en: /npm run migrate/ },
  })
  t.match(of('signing-keys').says.en, 'because the migrations did not pass')
})

t.test('a service that runs on another database', async (t) => {
  const other = await postgresDb(t, 1)
  const before = await look({ DATABASE_URL: other.url })
  t.match(before.of('signing-keys').says.en, 'There is no signing key yet')
  t.equal(before.of('published-keys').status, 'unchecked')
  t.same(before.named('failed'), ['proxy'])
  const { rows } = await sql`select 1 from signing_keys`.execute(other.db)
  t.same(rows, [], 'to look makes no key')

  await createFirstKey(other.db)
  const after = await look({ DATABASE_URL: other.url })
  t.same(after.named('failed'), ['published-keys', 'proxy'])
})

t.test('a clock that is wrong', async (t) => {
  const { named, of } = await look({}, { now: () => Date.now() + 70_000 })
  t.same(named('failed'), ['database-clock', 'wechat-clock'])
  t.match(of('wechat-clock').says.en, /(69|7\d)\.\d s ahead of WeChat's clock/)
})

t.test('signing keys that cannot sign', async (t) => {
  const [key, other] = [await generateSigningJwk(), await generateSigningJwk()]
  const jwks = (jwk: object) => JSON.stringify({ keys: [jwk] })
  const [missing, mixed, good] = await Promise.all([
    look({ SIGNING_KEYS: 'file:/there/is/none.json' }),
    look({ SIGNING_KEYS: jwks({ ...key, d: other.d }) }),
    look({ SIGNING_KEYS: jwks(key) }),
  ])
  t.same(missing.named('failed'), ['signing-keys'])
  t.match(missing.of('signing-keys').says.en, /file:\/there\/is\/none\.json does not fit/)
  t.same(mixed.named('failed'), ['signing-keys'], 'the private half of another key')
  t.same(good.named('failed'), ['published-keys'], 'one that the service does not have')
  for (const jwk of [key, other]) t.notOk(leaked(said.join(''), [String(jwk.d)]))
})

t.test('an address at which nobody answers', async (t) => {
  const { named, of } = await look({ PUBLIC_URL: 'http://127.0.0.1:1' })
  t.same(named('failed'), ['public-url'])
  t.same(named('unchecked'), ['service', 'published-keys', 'proxy'])
  t.match(of('public-url').fix?.en, /npm start/)
})

t.test('production wants https, and a WeChat that is one', async (t) => {
  const { named } = await look({ NODE_ENV: 'production' })
  t.same(named('failed'), ['public-url', 'real-wechat'])
})

t.test('WeChat refuses who we are, or from where', async (t) => {
  const none = ['page', 'login-code']
  const wrong = await look({ WECHAT_SECRET: '0'.repeat(32) })
  t.same([wrong.named('failed'), wrong.named('unchecked')], [['credentials'], none])
  t.match(wrong.of('credentials').says.en, /errcode 40125 \(invalid appsecret/)
  const unknown = await look({ WECHAT_APPID: 'wx0000000000000000' })
  t.match(unknown.of('credentials'), {
    says: { zh: /errcode 40013/ },
    fix: { en: /WECHAT_APPID/, zh: /微信没有 AppID wx0000000000000000/ },
  })

  await fault({ api: 'stable_token', errcode: 40243 })
  t.match((await look()).of('credentials').fix, { en: /frozen/, zh: /冻结/ })
  await fault({ api: 'stable_token', errcode: 40164 })
  const address = await look()
  t.same(address.named('failed'), ['address'])
  t.same(address.named('unchecked'), ['credentials', ...none])
  t.match(address.of('address').fix, { en: /add 127\.0\.0\.1 at mp\./, zh: /中加入 127\.0\.0\.1/ })
})

t.test('WeChat refuses a code, a login code or a link', async (t) => {
  await fault({ api: 'getwxacodeunlimit', errcode: 41030 })
  const page = await look()
  t.same(page.named('failed'), ['page'])
  t.match(page.of('page').says.en, /codes with: WECHAT_ENV_VERSION=release .*=trial .*=develop/)

  await fault({ api: 'code2session', errcode: 40226 })
  const login = await look()
  t.same(login.named('failed'), ['login-code'])
  t.match(login.of('login-code').says.en, /errcode 40226/)

  await fault({ api: 'generate_urllink', errcode: 85407 })
  const link = await look({ WECHAT_URL_LINK: 'on' })
  t.same(link.named('failed'), ['url-link'])
  t.match(link.of('url-link').fix, { en: /WECHAT_URL_LINK=off/, zh: /WECHAT_URL_LINK=off/ })
})

/** In WeChat's place, with credentials that are good. */
async function fakeWechat(t: Test) {
  const fake = await fakeUpstream(t)
  fake.answer('/cgi-bin/stable_token', (reply) =>
    reply.end(
      reply.req.method === 'GET'
        ? '{"errcode":43002,"errmsg":"require POST method"}'
        : '{"access_token":"a-token","expires_in":7200}',
    ),
  )
  return { ...fake, env: { WECHAT_API_BASE: fake.url, WECHAT_TIMEOUT_MS: '300' } }
}

t.test('what answers in WeChat’s place is found out', async (t) => {
  const { env, answer } = await fakeWechat(t)
  const png = await codeImage('x', 280)
  answer('/wxa/getwxacodeunlimit', (reply) => reply.end(png.subarray(0, -20)))
  answer('/sns/jscode2session', (reply) => reply.end('{"openid":"o","session_key":"k"}'))
  const liar = await look(env)
  t.same(liar.named('failed'), ['page', 'login-code'])
  t.match(liar.of('page').says.en, /are not a whole image/)
  t.match(liar.of('login-code').says.en, /An invented login code was accepted/)

  answer('/cgi-bin/stable_token', (reply) => reply.writeHead(404).end('<h1>no</h1>'))
  const nobody = await look(env)
  t.same(nobody.named('failed'), ['wechat'])
  t.match(nobody.of('wechat').says.en, /is not WeChat \(HTTP 404\)/)
})

t.test('a WeChat that hangs holds nobody up', async (t) => {
  const { env, answer } = await fakeWechat(t)
  const since = performance.now()
  const late = await look(env)
  t.same(late.named('failed'), ['page', 'login-code'])
  t.match(late.of('page').says.en, /no complete answer within 300 ms/)

  answer('/cgi-bin/stable_token', () => {})
  const silent = await look(env)
  t.same(silent.named('failed'), ['wechat'])
  t.match(silent.of('wechat').says.en, /does not answer in time/)
  t.equal(silent.of('proxy').status, 'ok')
  t.ok(performance.now() - since < 5_000)
})

t.test('without credentials it looks at the sandbox inside, and no real login works', async (t) => {
  const { port } = new URL(url)
  const none = { WECHAT_APPID: '', WECHAT_SECRET: '', WECHAT_API_BASE: '', PORT: port }
  const { named, of, works } = await look(none)
  t.same(named('failed'), ['real-wechat'])
  t.same(named('unchecked'), [])
  t.match(of('real-wechat').says.en, /No real login works: .* this is the sandbox/)
  t.equal(works, false)
  const away = await look({ ...none, PUBLIC_URL: 'http://127.0.0.1:1' })
  t.match(away.of('wechat').says.en, 'because the address of the service did not pass')
})

t.test('an embedded database is left alone', async (t) => {
  const folder = join(temporaryFolder(t), 'data')
  const env = { DATABASE_URL: `pglite:${folder}` }
  const fresh = await look(env)
  t.match(fresh.of('database'), {
    status: 'unchecked',
    says: { en: /the first start .* makes it/ },
  })
  t.notOk(existsSync(folder))

  mkdirSync(folder)
  writeFileSync(join(folder, 'PG_VERSION'), '18\n')
  const unlock = await lockFolder(realpathSync(folder))
  t.teardown(unlock)
  const used = await look(env)
  t.match(used.of('database'), { status: 'unchecked', says: { en: /in use by one process alone/ } })
  t.same(used.named('failed'), [])
  t.match(used.of('proxy').says.en, 'because the database could not be checked')
})

t.test('nothing of it all was secret', async (t) => {
  t.ok(said.length > 20)
  t.not(wiretap.accessTokens.size, 0)
  const secrets = [SANDBOX_SECRET, '0'.repeat(32), PASSWORD, 'a-token', ...wiretap.accessTokens]
  t.equal(leaked(said.join(''), secrets), undefined)
})
