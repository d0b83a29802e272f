import t from 'tap'
import { sandboxOfficialAccount } from '../../../src/config/sandbox.ts'
import { call } from '../../fixtures/network/client.ts'
import { startExamined } from '../../fixtures/network/examined.ts'
import { fakeUpstream } from '../../fixtures/network/fake-upstream.ts'
import { leaked } from '../../fixtures/network/wiretap.ts'
import { proofOf } from '../../fixtures/official-account.ts'

const { url, look, fault, said, testSecrets } = await startExamined(t)

const { appid, secret, token, aesKey } = sandboxOfficialAccount
const both = { OA_APPID: appid, OA_SECRET: secret, OA_TOKEN: token, OA_AES_KEY: aesKey }
const alone = { ...both, WECHAT_APPID: '', WECHAT_SECRET: '' }

t.test('both doors are looked at, or the one that is open', async (t) => {
  const all = await look(both)
  t.same([all.named('failed'), all.named('unchecked')], [[], []])
  t.same(all.named('warning'), ['oa-console', 'real-wechat'])
  t.match(all.of('oa-console'), {
    says: {
      en: /No person has signed in .*automatic replies and custom menus stop/,
      zh: /自动回复和自定义菜单/,
    },
    fix: { en: /\/wechat\/events/ },
  })
  t.match(all.of('oa-host').says.en, /pushes to .*127\.0\.0\.1/)
  t.match(all.of('settings').says.en, /AppID wx5a4db0c500000000, wx5a4db0c50000000a/)

  const one = await look(alone)
  const names = (results: typeof one.results) => results.map(({ name }) => name)
  const ofMiniProgram = ['address', 'credentials', 'page', 'login-code']
  t.same(
    names(one.results),
    names(all.results).filter((name) => !ofMiniProgram.includes(name)),
  )
  t.same([one.named('failed'), one.works], [[], true])
  t.notOk(names((await look()).results).some((name) => name.startsWith('oa-')))
})

t.test('WeChat refuses who we are, or from where', async (t) => {
  const none = ['oa-code', 'oa-people', 'oa-host']
  const wrong = await look({ ...alone, OA_SECRET: '0'.repeat(32) })
  t.same([wrong.named('failed'), wrong.named('unchecked')], [['oa-credentials'], none])
  t.match(wrong.of('oa-credentials'), {
    says: { en: /errcode 40125/ },
    fix: { en: /OA_SECRET/ },
  })
  const unknown = await look({ ...alone, OA_APPID: 'wx0000000000000000' })
  t.match(unknown.of('oa-credentials'), { says: { zh: /errcode 40013/ }, fix: { en: /OA_APPID/ } })

  await fault({ api: 'stable_token', errcode: 40164 })
  const address = await look(alone)
  t.same(address.named('failed'), ['oa-address'])
  t.same(address.named('unchecked'), ['oa-credentials', ...none])
  t.match(address.of('oa-address').fix, { en: /add 127\.0\.0\.1 at/, zh: /127\.0\.0\.1/ })
})

t.test('an account of the wrong kind, and what is not WeChat', async (t) => {
  const fake = await fakeUpstream(t)
  const answers: Record<string, string> = {
    '/cgi-bin/stable_token': '{"access_token":"a-token","expires_in":7200}',
    '/cgi-bin/qrcode/create': '{"errcode":48001,"errmsg":"api unauthorized"}',
    '/cgi-bin/user/info': '{"subscribe":0,"openid":"o"}',
    '/cgi-bin/callback/check': '{"errcode":40201,"errmsg":"invalid url"}',
  }
  for (const [path, text] of Object.entries(answers)) {
    fake.answer(path, (reply) =>
      reply.end(reply.req.method === 'GET' && path.endsWith('token') ? '{"errcode":43002}' : text),
    )
  }
  const liar = await look({ ...alone, WECHAT_API_BASE: fake.url })
  t.same(liar.named('failed'), ['oa-code', 'oa-people', 'oa-host'])
  t.match(liar.of('oa-host'), { says: { en: /errcode 40201/ }, fix: { en: /消息与事件推送/ } })
  t.match(liar.of('oa-code').fix, { en: /certified service account/, zh: /认证服务号/ })
  t.match(liar.of('oa-people').says.en, /said to know an invented person/)

  fake.answer('/cgi-bin/user/info', (reply) => reply.end('{"errcode":48001,"errmsg":"no"}'))
  const closed = await look({ ...alone, WECHAT_API_BASE: fake.url })
  t.match(closed.of('oa-people'), { status: 'warning', says: { en: /\(48001\)/, zh: /48001/ } })
})

t.test(
  'a service that runs with another Token, and an address that WeChat does not reach',
  async (t) => {
    const other = await look({ ...alone, OA_TOKEN: 'AnotherTokenAltogether' })
    t.same(other.named('failed'), ['oa-pushes'])
    t.match(other.of('oa-pushes').fix?.en, /another OA_TOKEN or OA_AES_KEY/)

    const real = await look({ ...alone, OA_APPID: 'wx0123456789abcdef' })
    t.ok(real.named('failed').includes('oa-url'))
    const late = await look(alone, { now: () => Date.now() + 400_000 })
    t.same(late.named('failed'), ['database-clock', 'wechat-clock'])
    t.equal(late.of('oa-pushes').status, 'unchecked')
  },
)

t.test('once a person has signed in, pushes are known to arrive', async (t) => {
  const made = await call(`${url}/ticket`, { json: { channel: 'official_account' } })
  const { scene } = made.body
  const { reply } = (await call(`${url}/sandbox/oa/scan`, { json: { user: 'alice', scene } })).body
  const code = proofOf(reply)
  t.equal((await call(`${url}/login`, { json: { code, scene } })).status, 200)
  const after = await look(both)
  t.match(after.of('oa-console'), { status: 'ok', says: { en: /pushes have arrived/ }, fix: null })
  t.same(after.named('warning'), ['real-wechat'])
})

t.test('none of it says a secret of the service account', async (t) => {
  t.equal(leaked(said.join(''), [secret, token, aesKey]), undefined)
})

testSecrets(10)
