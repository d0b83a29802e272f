import t from 'tap'
import { startApp } from '../fixtures/app.ts'
import { openWechat } from '../fixtures/browser/wechat-phone.ts'
import { addClient, addDevice, deviceRecord, ticketFor } from '../fixtures/device.ts'
import type { Json } from '../fixtures/network/client.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'
import { expire } from '../fixtures/tickets/time.ts'

/** The login page in WeChat's own simulator, where another app or a device asks. */

const databaseUrl = await postgresUrl(t)
const { url, db } = await startApp(t, { databaseUrl, oidc: {}, matchMode: 'off' })
const choosing = await startApp(t, { databaseUrl, oidc: {}, matchMode: 'choose' })
await addClient(db)

const spoken = {
  zh_CN: {
    done: '完成',
    app: '登录“Shop”？',
    ask: '在设备上登录“Shop”？',
    compare: '您的设备屏幕上显示的是此代码吗？',
    choose: '请点击设备屏幕上显示的代码：',
    warning: '仅当设备就在您面前，且由您本人发起登录时，才可确认。',
    notices: ['您此前没有在这样的设备上登录过。', '设备与这部手机不在同一网络。'],
    actions: ['拒绝登录', '确认登录'],
    confirmed: '登录成功 请返回您的设备继续。',
    denied: '已拒绝 设备未登录。',
    wrong: '与设备上的代码不一致，已拒绝',
    expired: '本次登录已过期 请在设备上重新发起登录',
    elsewhere: '设备在 DE，而这部手机在 CN。',
  },
  en: {
    done: 'Done',
    app: 'Sign in to Shop?',
    ask: 'Sign in to Shop on a device?',
    compare: 'Is this code on your device’s screen?',
    choose: 'Tap the code on your device’s screen:',
    warning: 'Confirm only if the device is before you and you began this yourself.',
    notices: [
      'You have not signed in on such a device before.',
      'The device is in another network than this phone.',
    ],
    actions: ['Decline', 'Confirm'],
    confirmed: 'Signed in You can go back to your device.',
    denied: 'Declined The device has not been signed in.',
    wrong: 'Not the code on the device, so declined',
    expired: 'This sign-in has expired Begin again on the device',
    elsewhere: 'The device is in DE, and this phone is in CN.',
  },
} as const

for (const [language, words] of Object.entries(spoken)) {
  const [decline, confirm] = words.actions
  // A person who has not signed in before.
  const user = `newcomer_${language.toLowerCase()}`

  t.test(`${language}: an app’s name, and else what is usual`, async (t) => {
    const phone = openWechat(url, { language })
    const page = phone.open((await ticketFor(db, null)).scene)
    await page.until(words.app)
    t.same(page.textsOf('.code'), [])
    t.notMatch(page.text(), words.warning)
    page.close()
  })

  t.test(`${language}: a device, its facts and its user code, and yes`, async (t) => {
    const phone = openWechat(url, { language, user })
    const device = await addDevice(db)
    const page = phone.open((await ticketFor(db, device)).scene)
    await page.until(words.ask)
    t.match(page.textsOf('.facts'), [/^Android · 198\.51\.100\.20 · \d\d:\d\d$/])
    t.match(page.text(), `${words.compare} ${device}`)
    t.same(page.textsOf('.code'), [device])
    t.same(page.textsOf('.digit'), [], 'no tiles: it is letters, and eight of them')
    t.same(page.textsOf('.notice'), words.notices)
    t.same(page.textsOf('.warning'), [words.warning])
    page.tap(confirm)
    await page.until(words.confirmed)
    t.match((await deviceRecord(db, device)).payload, { accountId: /./ })
    page.close()
  })

  t.test(`${language}: no, and too late`, async (t) => {
    const phone = openWechat(url, { language })
    const device = await addDevice(db)
    const page = phone.open((await ticketFor(db, device)).scene)
    await page.until(words.ask)
    page.tap(decline)
    await page.until(words.denied)
    t.match((await deviceRecord(db, device)).payload, { error: 'access_denied' })

    const late = await ticketFor(db, await addDevice(db))
    page.show({ scene: late.scene })
    await page.until(words.ask)
    await expire(db, late)
    page.tap(confirm)
    await page.until(words.expired)
    page.close()
  })

  t.test(`${language}: three user codes to choose from`, async (t) => {
    const phone = openWechat(choosing.url, { language })
    const device = await addDevice(db)
    const page = phone.open((await ticketFor(db, device)).scene)
    await page.until(words.choose)
    t.match(page.attributesOf('.choices'), [{ ariaLabel: words.choose, class: /\blong\b/ }])
    const codes = page.textsOf('.number')
    t.equal(codes.length, 3)
    t.ok(codes.includes(device))
    page.tap(codes.find((code) => code !== device) as string)
    await page.until(() => page.attributesOf('.action')[1].disabled === false)
    page.tap(confirm)
    await page.until(words.wrong)
    t.same(page.textsOf('.action'), [words.done], 'for good')
    page.close()
  })

  t.test(`${language}: where the device is, and a name that never ends`, async (t) => {
    const phone = openWechat(url, { language })
    const site = '没有尽头的名字-'.repeat(8)
    phone.alter = (body: Json) => ({
      ...body,
      site,
      requested_by: { ...body.requested_by, browser: 'Chrome 142', country: 'DE' },
      notices: [{ kind: 'other_country', browser: 'DE', phone: 'CN' }],
    })
    const page = phone.open((await ticketFor(db, await addDevice(db))).scene)
    await page.until(site)
    t.same(page.textsOf('.notice'), [words.elsewhere])
    t.match(page.textsOf('.facts'), [/^Chrome 142 · Android · 198\.51\.100\.20 \(DE\) · \d/])
    page.close()
  })
}
