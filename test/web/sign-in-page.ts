import { sql } from 'kysely'
import type { BrowserContextOptions } from 'playwright-core'
import t, { type Test } from 'tap'
import { startApp } from '../fixtures/app.ts'
import { axeViolations } from '../fixtures/browser/axe.ts'
import { openBrowser, openPage, phones } from '../fixtures/browser/browser.ts'
import { until } from '../fixtures/browser/element.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { wechatAt } from '../fixtures/network/wechat-at.ts'
import { startWebApp } from '../fixtures/oidc/web-app.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'

/** The page of a sign-in to another app, from the app's request until its person is back there. */

const browser = await openBrowser(t)
const open = (t: Test, options: BrowserContextOptions = {}) =>
  openPage(t, browser, { locale: 'en', ...options })
const databaseUrl = await postgresUrl(t)
const sandbox = await startApp(t, { databaseUrl, oidc: {} })
const wechat = wechatAt(t, `${sandbox.url}/sandbox/wechat`)
const { url, db } = await startApp(t, { databaseUrl, sandbox: null, wechat, oidc: {} })
const shop = await startWebApp(t, { db, issuer: url })
const { login, deny } = clientOf(sandbox.url)

const confirm = (scene: string | null, user = 'alice') => login({ scene: scene as string }, user)
const expire = () =>
  sql`
  update oidc_records set expires_at = now() - interval '1 second' where model = 'Interaction'
`.execute(db)

t.test('a person scans, confirms, and is back at the app, signed in', async (t) => {
  const { page, troubles } = await open(t)
  const visit = await shop.send(page)
  t.match(page.url(), `${url}/sign-in/`)
  const { scene } = await until(page, 'pending')
  t.equal(await page.title(), 'Sign in to Shop')
  t.same(await axeViolations(page), [])
  const { body } = await confirm(scene)
  t.equal(await visit.signedIn(), body.user.id)
  t.same(await page.context().cookies(), [], 'no cookie is left')

  await page.goBack()
  t.equal(page.url(), `${shop.origin}/before`, 'the page that is over is not in the history')
  t.same(troubles, [])
})

t.test('both doors are tabs, and the other one leads to the app as well', async (t) => {
  const { page } = await open(t)
  const site = await startWebApp(t, { db, issuer: sandbox.url })
  const visit = await site.send(page)
  const { scene } = await until(page, 'pending')
  await page.getByRole('tab', { name: 'Mini program' }).press('ArrowRight')
  const other = await until(page, 'pending', { not: scene })
  t.equal(other.hint, 'Open WeChat and scan the code · The first time, follow the official account')
  await page.getByRole('tab', { name: 'Official account' }).press('Home')
  await confirm((await until(page, 'pending', { not: other.scene })).scene)
  t.ok(await visit.signedIn())
})

t.test('a person who gives up is back at the app, which is told', async (t) => {
  for (const locale of ['zh-CN', 'en']) {
    const { page, troubles } = await open(t, { locale })
    const visit = await shop.send(page)
    await until(page, 'pending')
    const name = locale === 'en' ? 'Back to Shop without signing in' : '不登录，返回 Shop'
    await page.getByRole('button', { name }).focus()
    await page.keyboard.press('Enter')
    t.equal(await visit.refused(), 'access_denied')
    t.same(troubles, [])
  }
})

t.test('what the phone declines can be tried again, or given up', async (t) => {
  const { page } = await open(t)
  const visit = await shop.send(page)
  const { scene } = await until(page, 'pending')
  await deny({ scene: scene as string }, 'alice')
  const { button } = await until(page, 'denied')
  t.equal(button, 'Refresh the code')
  t.same(await axeViolations(page), [])
  await page.getByRole('button', { name: 'Refresh the code' }).click()
  await confirm((await until(page, 'pending', { not: scene })).scene)
  t.ok(await visit.signedIn())
})

t.test('two tabs are two sign-ins; one of them in two tabs is one', async (t) => {
  const { page, context } = await open(t)
  const twin = await context.newPage()
  const [first, second] = [await shop.send(page), await shop.send(twin)]
  const address = page.url()
  const [one, two] = [await until(page, 'pending'), await until(twin, 'pending')]
  await confirm(two.scene, 'bob')
  const bob = await second.signedIn()
  await confirm(one.scene)
  t.not(await first.signedIn(), bob)

  const visit = await shop.send(page)
  t.not(page.url(), address)
  await twin.goto(page.url())
  const [here, there] = [await until(page, 'pending'), await until(twin, 'pending')]
  await confirm(there.scene)
  await twin.waitForURL(`${shop.origin}/callback?*`)
  await confirm(here.scene)
  await page.getByRole('heading', { name: 'This sign-in is over' }).waitFor()
  t.ok(visit)
})

t.test('reloaded when it is over, it says so and leads back to the app', async (t) => {
  for (const [locale, colorScheme, title, back] of [
    ['en', 'light', 'This sign-in has expired', 'Back to Shop'],
    ['zh-CN', 'dark', '登录已超时', '返回 Shop'],
  ] as const) {
    const { page } = await open(t, {
      locale,
      colorScheme,
      viewport: { width: 320, height: 640 },
    })
    await shop.send(page)
    await until(page, 'pending')
    await expire()
    await page.reload()
    await page.getByRole('heading', { name: title }).waitFor()
    t.same(await axeViolations(page), [])
    await page.getByRole('link', { name: back }).click()
    await page.waitForURL(shop.home)
  }
})

t.test('one that expires while it is looked at says so when its code is renewed', async (t) => {
  const { page } = await open(t)
  await shop.send(page)
  const { scene } = await until(page, 'pending')
  await expire()
  await sql`update tickets set expires_at = now() where scene = ${scene}`.execute(db)
  await page.getByRole('heading', { name: 'This sign-in has expired' }).waitFor()
})

t.test('after its end its address opens nothing', async (t) => {
  const { page } = await open(t)
  const visit = await shop.send(page)
  const address = page.url()
  await confirm((await until(page, 'pending')).scene)
  await visit.signedIn()
  const answer = await page.goto(address)
  t.equal(answer?.status(), 410)
  await page.getByRole('heading', { name: 'This sign-in is over' }).waitFor()
  t.equal(await page.locator('scene-pass').count(), 0)
})

t.test('an answer that is lost on the way loses no sign-in', async (t) => {
  const { page } = await open(t)
  const visit = await shop.send(page)
  const address = page.url()
  let lost = 0
  await page.route(address, async (route) => {
    if (route.request().method() !== 'POST' || lost++ > 0) return route.continue()
    // It arrives, but the browser never hears: not even that its cookie goes.
    const headers = { ...(await route.request().allHeaders()), origin: url }
    await fetch(address, { method: 'POST', headers })
    return route.abort()
  })
  await confirm((await until(page, 'pending')).scene)
  t.ok(await visit.signedIn())
  t.equal(lost, 2)
})

t.test(
  'while the answer is on its way it says so; where none comes it can be tried again',
  async (t) => {
    for (const [locale, colorScheme] of [
      ['en', 'dark'],
      ['zh-CN', 'light'],
    ] as const) {
      const { page } = await open(t, { locale, colorScheme })
      const visit = await shop.send(page)
      const en = locale === 'en'
      let broken = true
      await page.route(page.url(), (route) =>
        broken && route.request().method() === 'POST' ? route.abort() : route.continue(),
      )
      await confirm((await until(page, 'pending')).scene)
      await page.getByText(en ? 'Taking you back to Shop …' : '正在返回 Shop …').waitFor()
      t.same(await axeViolations(page), [])
      await page.getByText(en ? 'the service does not answer' : '服务没有应答').waitFor()
      t.same(await axeViolations(page), [])
      const again = page.getByRole('button', { name: en ? 'Try again' : '重试' })
      t.ok(await again.evaluate((button) => button === document.activeElement))
      t.equal(
        await page
          .getByRole('link', { name: en ? 'Back to Shop' : '返回 Shop' })
          .getAttribute('href'),
        shop.home,
      )
      broken = false
      await page.keyboard.press('Enter')
      t.ok(await visit.signedIn())
    }
  },
)

t.test(
  'on a phone it is as the hosted page: pressed in WeChat, elsewhere not scanned',
  async (t) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const wechat = await open(t, { ...phones.wechat, colorScheme })
      const visit = await shop.send(wechat.page)
      const { title, scene } = await until(wechat.page, 'pending')
      t.match(title, /Long-press|长按/)
      t.same(await axeViolations(wechat.page), [])
      await confirm(scene)
      t.ok(await visit.signedIn())
      const safari = await open(t, { ...phones.safari, colorScheme })
      await shop.send(safari.page)
      await until(safari.page, 'computer')
      t.same(await axeViolations(safari.page), [])
    }
  },
)

t.test('it fits the narrowest screen, in both languages', async (t) => {
  for (const locale of ['zh-CN', 'en']) {
    const { page } = await open(t, { locale, viewport: { width: 320, height: 640 } })
    await shop.send(page)
    await until(page, 'pending')
    t.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320)
    t.same(await axeViolations(page), [])
  }
})

t.test('in the sandbox the phone is beside it', async (t) => {
  const site = await startWebApp(t, { db, issuer: sandbox.url })
  const { page, troubles } = await open(t)
  const visit = await site.send(page)
  await until(page, 'pending')
  const phone = page.frameLocator('iframe')
  await page.getByRole('button', { name: 'Scan the code' }).click()
  await phone.getByRole('button', { name: 'alice' }).click()
  await phone.getByText('Shop').first().waitFor()
  await phone.getByRole('button', { name: 'Confirm' }).click()
  t.ok(await visit.signedIn())
  t.same(troubles, [])
})
