import { sql } from 'kysely'
import t from 'tap'
import { startApp } from '../fixtures/app.ts'
import { call, clientOf, type Created, type Json } from '../fixtures/network/client.ts'
import { openWechat } from '../fixtures/browser/wechat-phone.ts'
import { load } from '../fixtures/browser/miniprogram.ts'

/** What may go wrong between the scan and the tap: each has its own words, and a way on. */
const { url, db } = await startApp(t)
const { create, poll, scan, login, deny, cancel, loginCode } = clientOf(url)
const { en, zh } = load('./components/scene-pass-confirm/words.js') as Record<'en' | 'zh', Json>

type Phone = ReturnType<typeof openWechat>

const age = ({ scene }: Created) =>
  sql`update tickets set expires_at = now() where scene = ${scene}`.execute(db)
const fault = (planned: object) => call(`${url}/sandbox/faults`, { json: planned })

/** How a scan is refused; with a way back, where another try may go well. */
const scans: [
  name: string,
  problem: string,
  happen: (ticket: Created, phone: Phone) => Promise<unknown>,
  mend?: (phone: Phone) => Promise<unknown>,
][] = [
  ['expired', 'expired', age],
  [
    'swept away',
    'expired',
    ({ scene }) => sql`delete from tickets where scene = ${scene}`.execute(db),
  ],
  ['scanned by another person', 'taken', (ticket) => scan(ticket, 'bob')],
  ['declined', 'declined', (ticket) => deny(ticket, 'alice')],
  ['canceled by the website', 'canceled', cancel],
  ['confirmed before', 'used', (ticket) => login(ticket, 'alice')],
  ['used up', 'used', async (ticket) => [await login(ticket, 'alice'), await poll(ticket)]],
  ['blocked by WeChat', 'blocked', async (_, phone) => (phone.user = 'mallory')],
  ['WeChat is busy', 'busy', () => fault({ api: 'code2session', errcode: -1 }), async () => {}],
  [
    'too often for WeChat',
    'busy',
    () => fault({ api: 'code2session', errcode: 45011 }),
    async () => {},
  ],
  [
    'no network',
    'offline',
    async (_, phone) => (phone.offline = true),
    async (phone) => (phone.offline = false),
  ],
  [
    'the service is away',
    'offline',
    async (_, phone) => (phone.url = 'http://127.0.0.1:1'),
    async (phone) => (phone.url = url),
  ],
  [
    'a Wi-Fi that answers everything with its own page',
    'offline',
    async (_, phone) => (phone.alter = () => '<html>'),
    async (phone) => (phone.alter = (body) => body),
  ],
  [
    'an answer without words of its own',
    'trouble',
    () => fault({ api: 'code2session', errcode: 87009 }),
    async () => {},
  ],
]

for (const [language, words] of [
  ['zh_CN', zh],
  ['en', en],
] as const) {
  for (const [name, problem, happen, mend] of scans) {
    t.test(`${language}: ${name}`, async (t) => {
      const phone = openWechat(url, { language })
      const ticket = await create()
      await happen(ticket, phone)
      const page = phone.open(ticket.scene)
      const [title, text] = words.problems[problem]
      await page.until(`${title} ${text.replace('{code}', 'WECHAT_ERROR')}`)
      t.match(page.textsOf('.bad'), [title])
      t.same(page.textsOf('.action'), mend ? [words.retry] : [])
      if (mend) {
        await mend(phone)
        page.tap(words.retry)
        await page.until(words.warning)
        const codes = phone.calls.flatMap(({ body }) => body?.code ?? [])
        t.equal(new Set(codes).size, codes.length, 'with another login code')
      }
      page.close()
    })
  }

  t.test(`${language}: expired between the scan and the tap`, async (t) => {
    for (const tapped of [words.confirm, words.decline]) {
      const phone = openWechat(url, { language })
      const ticket = await create()
      const page = phone.open(ticket.scene)
      await page.until(words.warning)
      await age(ticket)
      page.tap(tapped)
      await page.until(words.problems.expired.join(' '))
      t.same(phone.logins, [])
      page.close()
    }
  })

  t.test(`${language}: not a code for signing in`, async (t) => {
    const phone = openWechat(url, { language })
    for (const scene of ['id%3D5', '%zz', 'x'.repeat(33)]) {
      const page = phone.open(undefined, { scene })
      await page.until(words.problems.unknown.join(' '))
      page.close()
    }
    t.same(phone.calls, [], 'no call is made about it')
  })

  t.test(`${language}: opened without any code`, async (t) => {
    const phone = openWechat(url, { language })
    const page = phone.open()
    await page.until(`${words.howto} ${words.howtoNext}`)
    t.same(phone.calls, [])
    page.close()
  })

  t.test(`${language}: a WeChat that is too old`, async (t) => {
    const versions = ['2.10.1', '2.9.9', '1.99.99', '2.10']
    for (const SDKVersion of versions) {
      const phone = openWechat(url, { language, SDKVersion })
      const page = phone.open((await create()).scene)
      await page.until(`${words.old} ${words.oldNext}`)
      page.show()
      t.same(phone.calls, [])
      page.close()
    }
    const ancient = openWechat(url, { language })
    delete ancient.wx.getEnterOptionsSync
    const page = ancient.open((await create()).scene)
    await page.until(words.old)
    page.options({ scene: (await create()).scene })
    t.same(ancient.calls, [])
    page.close()
  })
}

t.test('a WeChat that is just new enough, and says what it is in the old way', async () => {
  for (const SDKVersion of ['2.10.2', '2.11.0', '3.0.0']) {
    const phone = openWechat(url, { language: 'en', SDKVersion })
    phone.wx.getSystemInfoSync = phone.wx.getAppBaseInfo
    delete phone.wx.getAppBaseInfo
    const page = phone.open((await create()).scene)
    await page.until(en.warning)
    page.close()
  }
})

t.test('a decision that failed is made again, also where only its answer was lost', async (t) => {
  const phone = openWechat(url, { language: 'en' })
  const [confirmed, declined] = [await create(), await create()]
  for (const [ticket, tapped, outcome] of [
    [confirmed, en.confirm, en.confirmed],
    [declined, en.decline, en.problems.declined[0]],
  ] as const) {
    const page = phone.open(ticket.scene)
    await page.until(en.warning)
    phone.alter = () => ''
    page.tap(tapped)
    await page.until(en.problems.offline[0])
    t.same(page.textsOf('.action'), [en.retry])
    phone.alter = (body) => body
    page.tap(en.retry)
    page.tap(en.retry)
    await page.until(en.busy)
    t.same(page.textsOf('.waits'), [en.busy])
    await page.until(outcome)
    page.close()
  }
  t.match((await poll(confirmed)).body, { status: 'confirmed' })
  t.match((await poll(declined)).body, { status: 'denied' })
  t.equal(phone.logins.length, 1)
  const paths = phone.calls.map(({ what }) => what).filter((what) => what !== 'wx.login')
  t.equal(paths.length, 6, 'two taps on it are one as well')
})

t.test('a login code that WeChat knows already is not the person’s fault', async () => {
  const phone = openWechat(url, { language: 'en' })
  const used = await loginCode('alice')
  await call(`${url}/login`, { json: { code: used } })
  const { login: real } = phone.wx
  phone.wx.login = ({ success }: Json) => success({ code: used })
  const page = phone.open((await create()).scene)
  await page.until('tell the website this: LOGIN_CODE_USED')
  phone.wx.login = real
  page.tap(en.retry)
  await page.until(en.warning)
  page.close()
})

t.test('the time runs out on the screen, without a call', async (t) => {
  const phone = openWechat(url, { language: 'en' })
  const page = phone.open((await create()).scene)
  await page.until(en.warning)
  const { now } = Date
  t.teardown(() => (Date.now = now))
  Date.now = () => now() + 70_000
  page.show()
  t.match(page.textsOf('.left'), [/^0:(50|49) left to decide$/], 'by a deadline, not by counting')
  Date.now = () => now() + 121_000
  await page.until(en.problems.expired.join(' '))
  t.equal(phone.calls.length, 2, 'the seconds go on by themselves')
  page.close()
})
