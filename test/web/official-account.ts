import t from 'tap'
import type { Page } from 'playwright-core'
import { startApp } from '../fixtures/app.ts'
import { openBrowser, openPage, phones } from '../fixtures/browser/browser.ts'
import { look, until } from '../fixtures/browser/element.ts'
import { pageWithElement, startSite } from '../fixtures/browser/site.ts'
import { axeViolations } from '../fixtures/browser/axe.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'

/** The element and the hosted page where the code is an official account's. */

const browser = await openBrowser(t)
const databaseUrl = await postgresUrl(t)
const site = await startSite(t)
const options = { databaseUrl, corsOrigins: [site.origin] }
const both = await startApp(t, options)
const alone = await startApp(t, { ...options, wechat: null })

const tab = (page: Page, name: string) => page.getByRole('tab', { name })
const chosen = (page: Page) => page.getByRole('tab', { selected: true }).innerText()
const panel = (page: Page) => page.getByRole('tabpanel').getAttribute('aria-labelledby')

async function open(
  t: Parameters<typeof openPage>[0],
  service: string,
  attributes: string,
  more: Parameters<typeof openPage>[2] = {},
) {
  const opened = await openPage(t, browser, more)
  const asked: (string | null)[] = []
  opened.page.on('request', (request) => {
    if (request.method() === 'POST') asked.push(request.postData())
  })
  site.pages.set('/', { html: pageWithElement(service, attributes) })
  await opened.page.goto(`${site.origin}/`)
  return { ...opened, asked }
}

t.test('the element says what this door needs, before the scan and after it', async (t) => {
  for (const [lang, before, after] of [
    ['zh-CN', '打开微信扫一扫，扫描二维码 · 首次须先关注公众号', '请在会话中打开链接并确认'],
    [
      'en',
      'Open WeChat and scan the code · The first time, follow the official account',
      'Open the link in the chat and confirm',
    ],
  ] as const) {
    const { page, asked, troubles } = await open(
      t,
      both.url,
      `channel="official_account" lang="${lang}"`,
    )
    const { hint, scene } = await until(page, 'pending')
    t.equal(hint, before)
    t.same(asked, ['{"channel":"official_account"}'])
    const { length } = await axeViolations(page)
    t.equal(length, 0)
    const body = JSON.stringify({ user: 'alice', scene })
    const headers = { 'content-type': 'application/json' }
    await fetch(`${both.url}/sandbox/oa/scan`, { method: 'POST', headers, body })
    t.equal((await until(page, 'scanned')).hint, after)
    t.same(troubles, [])
  }
})

t.test('without the attribute it takes its words from the answer', async (t) => {
  const { page, asked } = await open(t, alone.url, '')
  t.match((await until(page, 'pending')).hint, /follow the official account/)
  t.same(asked, [null], 'nothing is asked for')
  const other = await open(t, both.url, '')
  t.notMatch((await until(other.page, 'pending')).hint, /account/)
})

t.test('another channel is another code; the one before is canceled', async (t) => {
  const { page } = await open(t, both.url, 'channel="miniprogram"')
  const { scene } = await until(page, 'pending')
  const canceled = page.waitForRequest((request) => request.method() === 'DELETE')
  await page.evaluate(() => {
    const element = document.querySelector('scene-pass') as unknown as { channel: string }
    element.channel = 'official_account'
  })
  t.match((await canceled).url(), scene as string)
  t.match((await until(page, 'pending', { not: scene })).hint, /official account/)
})

t.test('on a phone: pressed inside WeChat, and no link anywhere else', async (t) => {
  const account = 'channel="official_account"'
  const pressed = await open(t, both.url, account, phones.wechat)
  const { title, hint, image } = await until(pressed.page, 'pending')
  t.match(title, /Long-press/)
  t.match(hint, /follow the official account.*in its chat/)
  t.ok(image)
  const linked = await startApp(t, { ...options, urlLink: true })
  const elsewhere = await open(t, linked.url, account, phones.safari)
  const { link, button } = await until(elsewhere.page, 'computer')
  t.equal(link, null)
  t.equal(button, 'Show the code')
  await elsewhere.page.getByRole('button').click()
  await until(elsewhere.page, 'pending')
})

t.test('the hosted page has a tab for each door, and the keyboard reaches both', async (t) => {
  const { page, troubles } = await openPage(t, browser, { locale: 'zh-CN' })
  await page.goto(`${both.url}/`)
  const first = await until(page, 'pending')
  t.equal(await chosen(page), '小程序码')
  t.equal(await panel(page), 'tab-miniprogram')
  t.match(first.hint, /小程序码/)
  t.same(await axeViolations(page), [])

  await tab(page, '小程序码').focus()
  await page.keyboard.press('ArrowRight')
  const second = await until(page, 'pending', { not: first.scene })
  t.equal(await chosen(page), '公众号')
  t.equal(await panel(page), 'tab-official_account')
  t.match(second.hint, /关注公众号/)
  t.equal(await page.evaluate(() => document.activeElement?.id), 'tab-official_account')
  t.same(await axeViolations(page), [])
  await page.keyboard.press('ArrowRight')
  t.equal(await chosen(page), '小程序码', 'round and round')
  await page.keyboard.press('End')
  t.equal(await chosen(page), '公众号')
  await page.keyboard.press('Home')
  t.equal(await chosen(page), '小程序码')
  await page.keyboard.press('Tab')
  t.notMatch(await page.evaluate(() => document.activeElement?.id), /^tab-/, 'one stop for both')

  await page.getByRole('button', { name: 'English' }).first().click()
  await tab(page, 'Official account').click()
  t.match((await until(page, 'pending', { not: second.scene })).hint, /official account/)
  t.same(troubles, [])
})

t.test('where one door is open there is nothing to choose', async (t) => {
  const shut = await startApp(t, { ...options, officialAccount: null })
  for (const [url, words] of [
    [alone.url, /follow the official account/],
    [shut.url, /^Open WeChat and scan the code$/],
  ] as const) {
    const { page, troubles } = await openPage(t, browser, { locale: 'en' })
    await page.goto(`${url}/`)
    t.match((await until(page, 'pending')).hint, words)
    t.equal(await page.getByRole('tab').count(), 0)
    t.ok((await look(page)).image)
    t.same(troubles, [])
  }
})
