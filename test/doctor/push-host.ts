import t, { type Test } from 'tap'
import { isPublic } from '../../src/config/hosts.ts'
import { checkPushHost } from '../../src/doctor/push-host.ts'
import { createOfficialAccount } from '../../src/wechat/official-account.ts'
import { startApp } from '../fixtures/app.ts'
import { call } from '../fixtures/network/client.ts'
import { fakeUpstream } from '../fixtures/network/fake-upstream.ts'
import { ACCOUNT_OF_SANDBOX } from '../fixtures/official-account.ts'
import { quietLog } from '../fixtures/postgres/database.ts'

const HERE = '203.0.113.7'

/** The check against a WeChat that says this of the host. */
async function asked(t: Test) {
  const fake = await fakeUpstream(t)
  const say = (path: string, body: object) =>
    fake.answer(path, (reply) => reply.end(JSON.stringify(body)))
  say('/cgi-bin/stable_token', { access_token: 'token-of-tests', expires_in: 7200 })
  const account = createOfficialAccount({
    ...ACCOUNT_OF_SANDBOX,
    apiBase: fake.url,
    timeoutMs: 2_000,
    codeWidth: 430,
    log: quietLog,
  })
  t.teardown(() => account.close())
  return (answer: object, options: { ours?: string[]; simulated?: boolean } = {}) => {
    say('/cgi-bin/callback/check', answer)
    return checkPushHost({
      account,
      appid: ACCOUNT_OF_SANDBOX.appid,
      url: 'https://login.example.com',
      simulated: options.simulated ?? false,
      isPublic,
      resolve: async () => options.ours ?? [HERE],
    })
  }
}

/** As WeChat's documentation has it. */
const seen = (ips: string[], loss = '0%') => ({
  dns: ips.map((ip) => ({ ip, real_operator: 'UNICOM' })),
  ping: ips.map((ip) => ({
    ip,
    from_operator: 'UNICOM',
    package_loss: loss,
    time: '23.079ms',
  })),
})

t.test('where WeChat pushes to, by what it finds', async (t) => {
  const check = await asked(t)
  t.match(await check(seen([HERE])), { status: 'ok', says: { en: /203\.0\.113\.7 and reaches/ } })
  t.match(await check(seen(['198.51.100.1', HERE])), { status: 'ok' }, 'one of them is enough')
  t.match(await check(seen([HERE]), { ours: [] }), { status: 'ok' }, 'public-url says so')
  t.match(await check(seen([])), { status: 'failed', says: { en: /finds no address/ } })
  t.match(await check(seen(['10.1.2.3'])), {
    status: 'failed',
    says: { en: /10\.1\.2\.3, which the internet cannot reach/, zh: /公网无法访问/ },
  })
  t.match(await check(seen(['127.0.0.1']), { ours: ['127.0.0.1'], simulated: true }), {
    status: 'ok',
  })
  t.match(await check(seen([HERE]), { ours: ['198.51.100.1'] }), {
    status: 'warning',
    says: { en: /login\.example\.com leads to 198\.51\.100\.1/ },
    fix: { en: /forwards the pushes/ },
  })
  t.match(await check(seen([HERE], '100%')), {
    status: 'warning',
    says: { en: /ping there gets no answer/, zh: /ping 不通/ },
  })
})

t.test(
  'a console without a URL, an account that may not ask, and what is not WeChat',
  async (t) => {
    const check = await asked(t)
    t.match(await check({ errcode: 40201, errmsg: 'invalid url' }), {
      status: 'failed',
      says: { en: /errcode 40201/ },
      fix: { en: /\/wechat\/events/, zh: /消息与事件推送/ },
    })
    t.match(await check({ errcode: 48001, errmsg: 'api unauthorized' }), {
      status: 'unchecked',
      says: { en: /may not ask \(48001\)/ },
    })
    t.match(await check({ dns: 'none' }), {
      status: 'failed',
      says: { en: /no list of addresses/ },
    })
    const junk = { dns: [null, 7, { ip: '<b>' }, { ip: HERE }], ping: {} }
    t.match(await check(junk), {
      status: 'warning',
      says: { en: /^WeChat pushes to 203\.0\.113\.7,/ },
    })
  },
)

t.test('the simulated WeChat tells it of the service that it pushes to', async (t) => {
  const { url } = await startApp(t)
  const { appid, secret } = ACCOUNT_OF_SANDBOX
  const api = `${url}/sandbox/wechat/cgi-bin`
  const granted = { grant_type: 'client_credential', appid, secret }
  const { access_token: token } = (await call(`${api}/stable_token`, { json: granted })).body
  const check = (json: object, access = token) =>
    call(`${api}/callback/check?access_token=${access}`, { json })
  const { body } = await check({ action: 'all', check_operator: 'DEFAULT' })
  t.match(body, { dns: [{ ip: '127.0.0.1' }], ping: [{ ip: '127.0.0.1', package_loss: '0%' }] })
  for (const [json, errcode] of [
    [{ action: 'some', check_operator: 'DEFAULT' }, 40202],
    [{ action: 'dns', check_operator: 'NOBODY' }, 40203],
    [{ action: 'dns' }, 40203],
  ] as const) {
    t.equal((await check(json)).body.errcode, errcode)
  }
  const whole = { action: 'ping', check_operator: 'CAP' }
  t.equal((await check(whole, 'wrong')).body.errcode, 40014)
})
