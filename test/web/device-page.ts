import * as client from 'openid-client'
import { sql } from 'kysely'
import type { BrowserContextOptions } from 'playwright-core'
import t, { type Test } from 'tap'
import { startApp } from '../fixtures/app.ts'
import { axeViolations } from '../fixtures/browser/axe.ts'
import { openBrowser, openPage, phones } from '../fixtures/browser/browser.ts'
import { lookAgain, until } from '../fixtures/browser/element.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { wechatAt } from '../fixtures/network/wechat-at.ts'
import { registerApp } from '../fixtures/oidc/app-row.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'

/** The page of a device (RFC 8628): openid-client is the device, Chromium its person's browser. */

const browser = await openBrowser(t)
const open = (t: Test, options: BrowserContextOptions = {}) =>
  openPage(t, browser, { locale: 'en', ...options })
const databaseUrl = await postgresUrl(t)
const sandbox = await startApp(t, { databaseUrl, oidc: {} })
const wechat = wechatAt(t, `${sandbox.url}/sandbox/wechat`)
const { url, db } = await startApp(t, { databaseUrl, sandbox: null, wechat, oidc: {} })
const { login, deny } = clientOf(sandbox.url)
const row = await registerApp(db, { name: 'TV', device: true, public: true, redirectUris: [] })
const config = await client.discovery(new URL(url), row.id, undefined, client.None(), {
  execute: [client.allowInsecureRequests],
})

/** A device that has asked, with its screen, and waits as its standard says. */
async function ask() {
  const screen = await client.initiateDeviceAuthorization(config, { scope: 'openid profile' })
  const stop = new AbortController()
  const tokens = () =>
    client.pollDeviceAuthorizationGrant(config, { ...screen, interval: 1 }, undefined, {
      signal: stop.signal,
    })
  return { ...screen, tokens }
}
const errorOf = (outcome: Promise<unknown>): Promise<string> =>
  outcome.then(
    () => 'none',
    (error: unknown) => (error as client.ResponseBodyError).error,
  )
const expire = (userCode: string) =>
  sql`
  update oidc_records set expires_at = now() - interval '1 second' where user_code = ${userCode}
`.execute(db)

t.test('a person types the code, scans, confirms, and the device is signed in', async (t) => {
  const device = await ask()
  const tokens = device.tokens()
  const { page, troubles } = await open(t)
  await page.goto(device.verification_uri)
  t.same(await axeViolations(page), [])
  await page.keyboard.type(device.user_code.toLowerCase().replace('-', ' '))
  await page.keyboard.press('Enter')
  await page.waitForURL(device.verification_uri_complete as string)
  const { scene, matchCode } = await until(page, 'pending')
  t.equal(matchCode, device.user_code)
  t.same(await axeViolations(page), [])
  const { body } = await login({ scene: scene as string }, 'alice')
  await lookAgain(page)
  await until(page, 'confirmed')
  await page.getByText('Go back to your device.').waitFor()
  t.same(await axeViolations(page), [])
  t.equal((await tokens).claims()?.sub, body.user.id)
  t.notMatch(await page.content(), 'eyJ')
  await page.reload()
  await page.getByRole('heading', { name: 'The device is signed in' }).waitFor()
  t.same(troubles, [])
})

t.test('declined on the phone, both screens say so', async (t) => {
  await Promise.all([declined(t, 'en', 'Declined'), declined(t, 'zh-CN', '已拒绝登录')])
})

async function declined(t: Test, locale: string, title: string): Promise<void> {
  const device = await ask()
  const { page } = await open(t, { locale, colorScheme: 'dark' })
  await page.goto(device.verification_uri_complete as string)
  const { scene } = await until(page, 'pending')
  await deny({ scene: scene as string }, 'alice')
  await lookAgain(page)
  const told = errorOf(device.tokens())
  await page.getByRole('heading', { name: title }).waitFor()
  t.same(await axeViolations(page), [])
  t.equal(await told, 'access_denied')
}

t.test('an expired code, and a wrong one, ask for another', async (t) => {
  await Promise.all([expired(t, 'en', 'light'), expired(t, 'zh-CN', 'dark')])
})

async function expired(
  t: Test,
  locale: 'en' | 'zh-CN',
  colorScheme: 'light' | 'dark',
): Promise<void> {
  const device = await ask()
  const viewport = { width: 320, height: 640 }
  const { page } = await open(t, { locale, colorScheme, viewport })
  await page.goto(device.verification_uri_complete as string)
  const { scene } = await until(page, 'pending')
  t.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320)
  t.same(await axeViolations(page), [])
  await expire(device.user_code)
  await sql`update tickets set expires_at = now() where scene = ${scene}`.execute(db)
  await lookAgain(page)
  const told = errorOf(device.tokens())
  await page
    .getByRole('heading', { name: locale === 'en' ? 'The code has expired' : '代码已过期' })
    .waitFor()
  t.same(await axeViolations(page), [])
  t.equal(await told, 'expired_token')

  await page.getByRole('textbox').fill('BBBB-BBBB')
  await page.getByRole('button', { name: locale === 'en' ? 'Continue' : '继续' }).click()
  await page.getByRole('alert').waitFor()
  t.equal(await page.getByRole('textbox').inputValue(), 'BBBB-BBBB')
  t.same(await axeViolations(page), [])
  const next = await ask()
  await page.getByRole('textbox').fill(next.user_code)
  await page.keyboard.press('Enter')
  await until(page, 'pending')
}

t.test('the form works without JavaScript', async (t) => {
  const device = await ask()
  const { page } = await open(t, { javaScriptEnabled: false })
  await page.goto(device.verification_uri)
  await page.getByRole('textbox').fill(device.user_code)
  await page.getByRole('button', { name: 'Continue' }).click()
  await page.waitForURL(device.verification_uri_complete as string)
  await page.getByText(device.user_code, { exact: true }).waitFor()
})

t.test('on a phone: pressed in WeChat; elsewhere it sends nobody to a computer', async (t) => {
  const device = await ask()
  const inside = await open(t, phones.wechat)
  await inside.page.goto(device.verification_uri_complete as string)
  t.match((await until(inside.page, 'pending')).title, /Long-press|长按/)
  t.same(await axeViolations(inside.page), [])
  for (const [locale, words] of [
    ['en', 'with WeChat, or open'],
    ['zh-CN', '请用微信“扫一扫”扫描设备'],
  ] as const) {
    const { page } = await open(t, { ...phones.safari, locale })
    await page.goto(device.verification_uri_complete as string)
    const { title } = await until(page, 'computer')
    t.equal(title, '', 'what the element says elsewhere is hidden')
    await page.getByText(words).waitFor()
    t.same(await axeViolations(page), [])
    await page.locator('scene-pass button').click()
    await until(page, 'pending')
    t.notOk(await page.getByText(words).isVisible())
  }
})
