import t from 'tap'
import { createLog } from '../../src/telemetry/log.ts'
import { fakeUpstream } from '../fixtures/network/fake-upstream.ts'
import { officialAccountAt } from '../fixtures/network/official-account-at.ts'
import { proofOf, scanAt, startDoor } from '../fixtures/official-account.ts'
import { OPENID } from '../fixtures/pushes.ts'

/** What a person's unionid depends on: WeChat's answer to `user/info`, at the confirmation. */

const tickets = {
  windows: { ticket: 120, confirm: 120, pickup: 60 },
  matchMode: 'show',
  codeStock: 0,
  urlLink: false,
} as const
const INFO = '/cgi-bin/user/info'
const UNIONID = 'o6_bmasdasdsad6_2sgVt7hMZOPfL'

const wechat = await fakeUpstream(t)
const say = (path: string, body: object, status = 200) =>
  wechat.answer(path, (reply) => reply.writeHead(status).end(JSON.stringify(body)))
say('/cgi-bin/stable_token', { access_token: 'token-of-tests', expires_in: 7200 })
say('/cgi-bin/qrcode/create', { url: 'http://weixin.qq.com/q/02P06PwiEeeSC1fKkGhz1l' })
const lines: string[] = []
const log = createLog('info', { write: (line) => void lines.push(line) })
const door = officialAccountAt(t, wechat.url, { tickets, log })
const { url, create, phone, poll, db } = await startDoor(t, { officialAccount: door })

async function scanned(openid: string) {
  const ticket = await create()
  const code = proofOf(await scanAt(url, ticket.scene, openid))
  return { ticket, confirm: () => phone('/login', { code, scene: ticket.scene }) }
}
const identityOf = (openid: string) =>
  db
    .selectFrom('identities' as never)
    .selectAll()
    .where('openid' as never, '=', openid as never)
    .execute() as Promise<{ unionid: string | null; user_id: string }[]>

t.test('at first sight the call must succeed, and a second tap does', async (t) => {
  for (const [n, down] of [
    [1, () => say(INFO, { errcode: -1, errmsg: 'system error' })],
    [2, () => say(INFO, { errcode: 45009, errmsg: 'reach max api daily quota limit' })],
  ] as const) {
    const openid = `${OPENID}-${n}`
    const { ticket, confirm } = await scanned(openid)
    down()
    const refused = await confirm()
    t.match(refused, { status: 503, body: { code: 'WECHAT_BUSY' } })
    t.equal((await poll(ticket)).body.status, 'scanned', 'nothing is decided')
    t.same(await identityOf(openid), [], 'and there is no user who would be merged later')
    say(INFO, { subscribe: 1, openid, unionid: `${UNIONID}${n}` })
    t.match(await confirm(), { status: 200, body: { user: { created: true } } })
    t.match(await identityOf(openid), [{ unionid: `${UNIONID}${n}` }])
  }
})

t.test('later it does not matter, and who is known by unionid costs no call', async (t) => {
  const known = await scanned(`${OPENID}-1`)
  const before = wechat.count(INFO)
  say(INFO, { errcode: -1, errmsg: 'system error' })
  t.equal((await known.confirm()).status, 200)
  t.equal(wechat.count(INFO), before)

  // Known without a unionid: asked again, and it stays what it was.
  const openid = `${OPENID}-3`
  const first = await scanned(openid)
  say(INFO, { subscribe: 1, openid })
  const { body } = await first.confirm()
  t.match(await identityOf(openid), [{ unionid: null }])
  const second = await scanned(openid)
  say(INFO, { errcode: -1, errmsg: 'system error' })
  t.match(await second.confirm(), { status: 200, body: { user: { id: body.user.id } } })
})

t.test('without the right to ask, or after an unfollow, there is no unionid', async (t) => {
  for (const [n, answer] of [
    [4, { errcode: 48001, errmsg: 'api unauthorized rid: 1-2-3' }],
    [5, { subscribe: 0, openid: `${OPENID}-5` }],
  ] as const) {
    const { confirm } = await scanned(`${OPENID}-${n}`)
    say(INFO, answer)
    t.equal((await confirm()).status, 200, JSON.stringify(answer))
    t.match(await identityOf(`${OPENID}-${n}`), [{ unionid: null }])
  }
})

t.test(
  'an account that may make no codes says so in the log, and the page is told little',
  async (t) => {
    const { scene } = await create()
    lines.length = 0
    say('/cgi-bin/qrcode/create', { errcode: 48001, errmsg: 'api unauthorized rid: 1-2-3' })
    const answer = await fetch(`${url}/ticket/${scene}/qrcode`)
    t.equal(answer.status, 502)
    t.notMatch(await answer.text(), /认证服务号|48001/)
    t.match(lines.join(''), /48001/)
    t.match(lines.join(''), /certified service account \(认证服务号\)/)
  },
)

t.test('a code leads to WeChat, or is none', async (t) => {
  for (const leads of [
    'https://evil.example/q/x',
    'http://weixin.qq.com.evil.example/q/x',
    'http://weixin.qq.com/other',
    'http://u:p@weixin.qq.com/q/x',
    'javascript:alert(1)',
    `http://weixin.qq.com/q/${'x'.repeat(256)}`,
    '',
    7,
  ]) {
    const { scene } = await create()
    say('/cgi-bin/qrcode/create', { url: leads })
    t.equal((await fetch(`${url}/ticket/${scene}/qrcode`)).status, 502, String(leads).slice(0, 40))
  }
  const { scene } = await create()
  say('/cgi-bin/qrcode/create', { url: 'http://weixin.qq.com/q/02P06PwiEeeSC1fKkGhz1l' })
  t.equal((await fetch(`${url}/ticket/${scene}/qrcode`)).status, 200)
})
