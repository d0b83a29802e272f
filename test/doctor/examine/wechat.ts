import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { drawCode } from '../../../src/wechat/draw-code.ts'
import { startExamined } from '../../fixtures/network/examined.ts'
import { fakeUpstream } from '../../fixtures/network/fake-upstream.ts'

const { url, db, look, fault, testSecrets } = await startExamined(t)

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
  t.equal(results.length, 19)
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
  return { ...fake, env: { WECHAT_API_BASE: fake.url } }
}

t.test('what answers in WeChat’s place is found out', async (t) => {
  const { env, answer } = await fakeWechat(t)
  const png = await drawCode('x', 280)
  answer('/wxa/getwxacodeunlimit', (reply) => reply.end(png.subarray(0, -20)))
  answer('/sns/jscode2session', (reply) => reply.end('{"openid":"o","session_key":"k"}'))
  const liar = await look(env)
  t.same(liar.named('failed'), ['page', 'login-code'])
  t.match(liar.of('page').says.en, /are not a whole image/)
  t.match(liar.of('login-code').says.en, /An invented login code was accepted/)

  answer('/cgi-bin/stable_token', (reply) => reply.writeHead(404).end('<h1>no</h1>'))
  const other = await look(env)
  t.same(other.named('failed'), ['wechat'])
  t.match(other.of('wechat').says.en, /is not WeChat \(HTTP 404\)/)
})

t.test('a WeChat that hangs does not hold the doctor up', async (t) => {
  const { env, answer } = await fakeWechat(t)
  const hasty = { ...env, WECHAT_TIMEOUT_MS: '300' }
  const since = performance.now()
  const late = await look(hasty)
  t.same(late.named('failed'), ['page', 'login-code'])
  t.match(late.of('page').says.en, /no complete answer within 300 ms/)

  answer('/cgi-bin/stable_token', () => {})
  const silent = await look(hasty)
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

testSecrets(13)
