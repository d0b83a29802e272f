import t from 'tap'
import { startApp } from '../fixtures/app.ts'
import { openWechat } from '../fixtures/browser/wechat-phone.ts'
import { clientOf, type Json } from '../fixtures/network/client.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'

/** The question differs by how WeChat has opened the mini program. */
const databaseUrl = await postgresUrl(t)
// Without a trail no browser is new, so that there are no other notices.
const off = await startApp(t, { databaseUrl, auditDays: 0 })
const on = await startApp(t, { databaseUrl, auditDays: 0, urlLink: true })
const { create } = clientOf(off.url)

const sent = (phone: ReturnType<typeof openWechat>): Json[] =>
  phone.calls.filter(({ what }) => what.endsWith('/scan')).map(({ body }) => body.entered_by)

/** A phone that WeChat has opened the mini program on, in the way of that number. */
function openedBy(url: string, scene: unknown, language = 'en') {
  const phone = openWechat(url, { language })
  phone.wx.getEnterOptionsSync = () => ({ path: phone.path, query: phone.query, scene })
  return phone
}

const link = 'A link brought you here, not a code that you scanned.'
const card = 'A card in a chat brought you here, not a code that you scanned.'
const other = 'Another mini program brought you here, not a code that you scanned.'
const noCode = 'You did not scan a code to come here.'
const picture = 'The code came from a picture, not from a screen before you.'
const unknown = 'It is not known whether you scanned a code to come here.'

for (const [number, words, how] of [
  [1047, null, 'a code was scanned'],
  [1011, null, 'a QR code was scanned'],
  [1124, null, 'a code of an item was scanned'],
  [1048, picture, 'a long press on a picture'],
  [1012, picture, 'a long press on a QR code'],
  [1049, picture, 'out of the album'],
  [1013, picture, 'a QR code out of the album'],
  [1065, link, 'a URL Scheme'],
  [1167, link, 'a tag in a web page'],
  [1194, link, 'a URL Link'],
  [1286, link, 'a URL Scheme in plain text'],
  [1007, card, 'a card from a person'],
  [1008, card, 'a card in a group'],
  [1036, card, 'a card out of another app'],
  [1044, card, 'a card with a share ticket'],
  [1037, other, 'another mini program'],
  [1038, other, 'back from another mini program'],
  [1001, noCode, 'the list of recent ones'],
  [1035, noCode, 'an official account’s menu'],
  [1058, noCode, 'an official account’s article'],
  [1089, noCode, 'pulled down'],
  [1107, noCode, 'a message'],
  [1168, noCode, 'an app'],
  [1310, unknown, 'a number of later days'],
] as const) {
  t.test(`${number}: ${how}`, async (t) => {
    for (const { url, asked } of [
      { url: off.url, asked: words },
      { url: on.url, asked: words === link ? null : words },
    ]) {
      const phone = openedBy(url, number)
      const page = phone.open((await create()).scene)
      await page.until('Sign in to Example?')
      t.same(sent(phone), [number])
      t.same(page.textsOf('.notice'), asked === null ? [] : [asked])
      const mild = asked === null || asked === picture || asked === unknown
      t.equal(page.textsOf('.grave').length, mild ? 0 : 1)
      t.match(
        page.text(),
        'Confirm only what you opened yourself, never a code that you were sent.',
      )
      t.equal(phone.calls.filter(({ what }) => what === 'POST /login').length, 0, 'it asks')
      page.close()
    }
  })
}

t.test('in Chinese, too', async (t) => {
  for (const [number, words] of [
    [1194, '您是通过链接打开的，而不是扫码打开的。'],
    [1007, '您是通过聊天中的卡片打开的，而不是扫码打开的。'],
    [1037, '您是从其他小程序打开的，而不是扫码打开的。'],
    [1058, '您不是扫码打开的。'],
    [1048, '小程序码来自图片，而不是您面前的屏幕。'],
    [9999, '无法确认您是否通过扫码打开。'],
  ] as const) {
    const page = openedBy(off.url, number, 'zh_CN').open((await create()).scene)
    await page.until('登录“Example”？')
    t.same(page.textsOf('.notice'), [words])
    page.close()
  }
})

t.test('a WeChat that does not tell sends nothing, and nothing is said', async (t) => {
  for (const nothing of [undefined, null, '1007', 1007.5, Number.NaN, -1, 100_000]) {
    const phone = openedBy(off.url, nothing)
    const page = phone.open((await create()).scene)
    await page.until('Sign in to Example?')
    t.same(sent(phone), [undefined], `${String(nothing)}`)
    t.notOk('entered_by' in (phone.calls[1]?.body ?? {}))
    t.same(page.textsOf('.notice'), [])
    page.close()
  }
})

t.test('each scan is sent with how it came, and a retry with how it came then', async (t) => {
  let number = 1047
  const phone = openWechat(off.url, { language: 'en' })
  phone.wx.getEnterOptionsSync = () => ({ path: phone.path, query: phone.query, scene: number })
  const page = phone.open((await create()).scene)
  await page.until('Confirm')
  number = 1007
  const second = await create()
  page.show({ scene: second.scene })
  await page.until(card)
  t.same(sent(phone), [1047, 1007])

  number = 1048
  phone.offline = true
  page.show({ scene: (await create()).scene })
  await page.until('No connection')
  phone.offline = false
  number = 1089
  page.show()
  page.tap('Try again')
  await page.until(picture)
  t.equal(sent(phone).at(-1), 1048)

  page.tap('Confirm')
  await page.until('Signed in')
  t.same(Object.keys(phone.calls.at(-1)?.body), ['code', 'scene'], 'the scan alone says so')
  page.close()
})
