import t from 'tap'
import { startApp } from '../fixtures/app.ts'
import { call, clientOf, type Json } from '../fixtures/network/client.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'
import { openWechat } from '../fixtures/browser/wechat-phone.ts'

/** The login page in WeChat's own simulator, against the service and the sandbox over HTTP. */
const databaseUrl = await postgresUrl(t)
const { url } = await startApp(t, { databaseUrl })
const choosing = await startApp(t, { databaseUrl, matchMode: 'choose' })
const { create, poll } = clientOf(url)

const CHROME =
  'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/142.0.0.0 Safari/537.36'

const spoken = {
  zh_CN: {
    ask: '登录“Example”？',
    compare: '请核对：网页上应显示同样的数字',
    choose: '请点击网页上显示的数字：',
    warning: '请确认网页是您本人打开的；别人发来的码请勿确认。',
    // The first time that this person signs in from this browser.
    notices: ['您此前没有用这个浏览器登录过。'],
    actions: ['拒绝登录', '确认登录'],
    pressed: ['正在拒绝…', '正在确认…'],
    done: '完成',
    confirmed: '登录成功 请返回网页继续。',
    denied: '已拒绝 网页未登录。',
    wrong: '与网页上的数字不一致，已拒绝',
  },
  en: {
    ask: 'Sign in to Example?',
    compare: 'The website must show this number:',
    choose: 'Tap the number that the website shows:',
    warning: 'Confirm only what you opened yourself, never a code that you were sent.',
    notices: [],
    actions: ['Decline', 'Confirm'],
    pressed: ['Declining …', 'Confirming …'],
    done: 'Done',
    confirmed: 'Signed in You can go back to the website.',
    denied: 'Declined The website has not been signed in.',
    wrong: 'Not the number on the website, so declined',
  },
} as const

/** On another day than today, the day is told. */
const EARLIER = '2020-01-01T10:00:00Z'

for (const [language, words] of Object.entries(spoken)) {
  const [decline, confirm] = words.actions
  const [declining, confirming] = words.pressed

  t.test(`${language}: scan, see who asks, confirm`, async (t) => {
    const phone = openWechat(url, { language, fontSizeSetting: 22 })
    const headers = { 'user-agent': CHROME }
    const ticket = (await call(`${url}/ticket`, { json: {}, headers })).body
    const page = phone.open(ticket.scene)
    await page.until(words.ask)
    t.match(page.textsOf('.facts'), [/^Chrome 142 · Windows · 127\.0\.0\.1 · \d\d:\d\d$/])
    t.same(page.textsOf('.notice'), words.notices)
    t.match(page.text(), `${words.compare} ${ticket.match_code}`)
    t.same(page.textsOf('.digit'), [...ticket.match_code])
    const said = { ariaRole: 'img', ariaLabel: ticket.match_code }
    t.match(page.attributesOf('.digits'), [said], 'a number, not two')
    t.same(page.textsOf('.warning'), [words.warning])
    t.match(page.textsOf('.left'), [/(2:00|1:59)/])
    t.same(page.textsOf('.action'), words.actions)
    t.match(page.attributesOf('.card'), [{ style: 'font-size: 22px' }])

    t.same(page.textsOf('.done'), [], 'not before it is over')
    page.tap(confirm)
    await page.until(confirming)
    t.same(page.textsOf('.action'), [decline, confirming])
    t.match(page.attributesOf('.waits'), [{ disabled: true }])
    t.equal(page.textsOf('.spinner').length, 1)
    await page.until(words.confirmed)
    t.same(page.textsOf('.action'), [words.done])
    t.match(page.attributesOf('.done'), [{ target: 'miniProgram', openType: 'exit' }])
    t.same(page.textsOf('.spinner'), [])
    t.same(
      phone.calls.map(({ what }) => what),
      ['wx.login', `POST /ticket/${ticket.scene}/scan`, 'wx.login', 'POST /login'],
    )
    const codes = phone.calls.flatMap(({ body }) => body?.code ?? [])
    t.equal(new Set(codes).size, 2, 'each call has a login code of its own')
    t.match((await poll(ticket)).body, { status: 'confirmed', token: String })
    page.close()
  })

  t.test(`${language}: decline`, async (t) => {
    const phone = openWechat(url, { language })
    const ticket = await create()
    const page = phone.open(ticket.scene)
    await page.until(words.ask)
    page.tap(decline)
    await page.until(declining)
    t.same(page.textsOf('.waits'), [declining])
    await page.until(words.denied)
    t.same(page.textsOf('.action'), [words.done])
    t.match(phone.calls.at(-1), {
      what: `POST /ticket/${ticket.scene}/deny`,
      body: { code: String },
    })
    t.match((await poll(ticket)).body, { status: 'denied' })
    t.same([phone.logins, [...phone.stored]], [[], []], 'no login is told or kept')
    page.close()
  })

  t.test(`${language}: choose the number that the website shows`, async (t) => {
    const phone = openWechat(choosing.url, { language })
    const ticket = await create()
    const page = phone.open(ticket.scene)
    await page.until(words.choose)
    const numbers = page.textsOf('.number')
    t.equal(numbers.length, 3)
    t.match(page.attributesOf('.action'), [{ disabled: false }, { disabled: true }])
    page.tap(confirm)
    const other = numbers.find((number) => number !== ticket.match_code) as string
    page.tap(other)
    await page.until(() => page.attributesOf('.number').some((number) => number.ariaChecked))
    page.tap(ticket.match_code)
    const chosen = () => page.attributesOf('.number').map((number) => number.ariaChecked)
    await page.until(() => chosen()[numbers.indexOf(ticket.match_code)] === true)
    t.equal(chosen().filter(Boolean).length, 1)
    t.match(page.attributesOf('.action'), [{ disabled: false }, { disabled: false }])
    t.equal(phone.calls.length, 2, 'nothing was sent so far')
    page.tap(confirm)
    await page.until(words.confirmed)
    t.match(phone.calls.at(-1)?.body, { scene: ticket.scene, match_code: ticket.match_code })

    const second = await create()
    page.show({ scene: second.scene })
    await page.until(words.choose)
    page.tap(page.textsOf('.number').find((number) => number !== second.match_code) as string)
    await page.until(() => page.attributesOf('.action')[1].disabled === false)
    page.tap(confirm)
    await page.until(words.wrong)
    t.same(page.textsOf('.action'), [words.done], 'for good')
    t.match((await poll(second)).body, { status: 'denied' })
    page.close()
  })
}

t.test('what is unusual is told, in words of its own; what is unknown is left out', async (t) => {
  const notices = [
    { kind: 'other_country', browser: 'DE', phone: 'CN' },
    { kind: 'other_address' },
    { kind: 'many_tickets', count: 7 },
    { kind: 'new_browser' },
    { kind: 'from_a_later_version' },
  ]
  for (const [language, facts, expected] of [
    [
      'zh_CN',
      /^浏览器未知 · 系统未知 · 127\.0\.0\.1 \(DE\) · 2020-01-01 /,
      [
        '网页在 DE 打开，而这部手机在 CN。',
        '网页与这部手机不在同一网络。',
        '最近 5 分钟内，同一地址还发起了 7 次登录。',
        '您此前没有用这个浏览器登录过。',
      ],
    ],
    [
      'en',
      /^Browser unknown · System unknown · 127\.0\.0\.1 \(DE\) · 2020-01-01 /,
      [
        'The website was opened in DE, and this phone is in CN.',
        'The website is open in another network than this phone.',
        'In the last 5 minutes the same address asked for 7 other sign-ins.',
        'You have not signed in with this browser before.',
      ],
    ],
  ] as const) {
    const phone = openWechat(url, { language })
    phone.alter = (body: Json) => ({
      ...body,
      requested_by: { ip: '127.0.0.1', browser: null, os: null, at: EARLIER, country: 'DE' },
      notices,
    })
    const page = phone.open((await create()).scene)
    await page.until('127.0.0.1')
    t.match(page.textsOf('.facts'), [facts])
    t.same(page.textsOf('.notice'), expected)
    t.same(page.textsOf('.grave'), [expected[0], expected[2]], 'hardly ever there, so more visible')
    page.close()
  }
})

t.test('two taps are one, also where they say different things', async (t) => {
  const phone = openWechat(url, { language: 'en' })
  const page = phone.open((await create()).scene)
  await page.until('Confirm')
  page.tap('Confirm')
  page.tap('Confirm')
  page.tap('Decline')
  await page.until(() => page.attributesOf('.action').some(({ disabled }) => disabled))
  t.match(page.attributesOf('.action'), [{ disabled: true }, { disabled: true }])
  t.match(page.attributesOf('.card'), [{ ariaBusy: true }])
  await page.until('Signed in')
  t.same(
    phone.calls.slice(2).map(({ what }) => what),
    ['wx.login', 'POST /login'],
  )
  t.equal(phone.logins.length, 1)
  page.close()
})

t.test('the two decisions are equals, and everything says what it is', async (t) => {
  const phone = openWechat(choosing.url, { language: 'en' })
  const site = 'A-site-with-a-name-that-never-ends'.repeat(9)
  phone.alter = (body: Json) => ({ ...body, site })
  const page = phone.open((await create()).scene)
  await page.until(site)
  const [decline, confirm] = ['Decline', 'Confirm'].map((words) => page.button(words).dom.className)
  t.equal(confirm?.replace(/ .*off/, ''), decline, 'but for the choice that is still missing')
  t.match(page.attributesOf('.title'), [{ ariaRole: 'heading' }])
  t.match(page.attributesOf('.choices'), [{ ariaRole: 'radiogroup', ariaLabel: /\S/ }])
  t.match(page.attributesOf('.number'), Array(3).fill({ ariaRole: 'radio', ariaChecked: false }))
  page.close()
})
