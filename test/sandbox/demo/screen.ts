import { sql } from 'kysely'
import type { Page } from 'playwright-core'
import t, { type Test } from 'tap'
import { startApp } from '../../fixtures/app.ts'
import { axeViolations } from '../../fixtures/browser/axe.ts'
import { openBrowser, openPage } from '../../fixtures/browser/browser.ts'
import {
  confirmOnPhone,
  declineOnPhone,
  followInDemo,
  followLink,
  openAccountDoor,
  scanInDemo,
  tapPhone,
} from '../../fixtures/browser/demo.ts'
import { until } from '../../fixtures/browser/element.ts'

/** The demo as the screen of a laptop shows it: all of it at once, whatever happens on it. */

// Each has a page of its own.
t.jobs = 4

const browser = await openBrowser(t)
const { url, db } = await startApp(t, { oidc: {}, site: '示例网站' })
const LAPTOP = { width: 1366, height: 657 }

/** What is cut off, or has to be scrolled to. */
function hidden(): string[] {
  const root = document.scrollingElement as Element
  const phone = document.querySelector<HTMLIFrameElement>('#phone')?.contentDocument?.body
  const places: (readonly [string, Element | null | undefined])[] = [
    ['document', root],
    ['page', document.querySelector('.page > .card')],
    ['after the login', document.querySelector('#claims')],
    ['phone', phone?.ownerDocument.scrollingElement],
  ]
  return places.flatMap(([name, place]) => {
    if (!place || place.clientHeight === 0) return []
    const { scrollWidth, clientWidth, scrollHeight, clientHeight } = place
    const [across, down] = [scrollWidth - clientWidth, scrollHeight - clientHeight]
    return across > 0 || down > 0 ? [`${name}: ${across} px across, ${down} px down`] : []
  })
}

/**
 * In both languages, one of them dark: everything is in sight, and nobody is shut out. What axe finds
 * depends on words or on colours, never on both.
 */
async function check(t: Test, page: Page, what: string): Promise<void> {
  for (const [lang, colorScheme] of [
    ['en', 'light'],
    ['zh-CN', 'dark'],
  ] as const) {
    if ((await page.locator('html').getAttribute('lang')) !== lang) {
      await page.locator('#language').click()
    }
    await page.emulateMedia({ colorScheme })
    const where = `${what}, ${lang}, ${colorScheme}`
    t.same(await page.evaluate(hidden), [], where)
    for (const frame of page.frames()) t.same(await axeViolations(frame), [], where)
  }
}

const claims = (page: Page) => page.locator('#claims')

t.test('at the mini program’s door', { buffered: true }, async (t) => {
  const { page, troubles } = await openPage(t, browser, { viewport: LAPTOP, locale: 'zh-CN' })
  await page.route('**/ticket?*', () => {})
  await page.goto(url)
  await page.frameLocator('iframe').locator('h1').waitFor()
  t.equal(await page.locator('#scan').isDisabled(), true)
  await check(t, page, 'loading')
  await page.unroute('**/ticket?*')
  await page.reload()
  await until(page, 'pending')
  await check(t, page, 'pending')

  await page.locator('#scan').click()
  await page.frameLocator('iframe').locator('.people').waitFor()
  t.equal(await page.locator('#scan').isDisabled(), true, 'dim while the phone asks something')
  await check(t, page, 'who')
  await tapPhone(page, /alice/)
  await until(page, 'scanned')
  await page.frameLocator('iframe').locator('.decision').waitFor()
  t.equal(await page.locator('#scan').isDisabled(), true)
  await check(t, page, 'question')
  await declineOnPhone(page)
  await until(page, 'denied')
  await check(t, page, 'denied')

  await page.evaluate(() => document.querySelector('scene-pass')?.setAttribute('auto-refresh', '0'))
  await page.locator('scene-pass').getByRole('button').click()
  const { scene } = await until(page, 'pending')
  t.equal(await page.locator('#scan').isDisabled(), false, 'another code, another scan')
  await sql`update tickets set expires_at = now() where scene = ${scene}`.execute(db)
  await until(page, 'expired')
  await check(t, page, 'expired')
  t.same(troubles, [])
})

t.test('after the login', { buffered: true }, async (t) => {
  const { page, troubles } = await openPage(t, browser, { viewport: LAPTOP, locale: 'en' })
  await page.goto(url)
  await until(page, 'pending')
  await scanInDemo(page)
  await confirmOnPhone(page)
  await claims(page).waitFor()
  await check(t, page, 'token')
  for (const [index, summary] of (await claims(page).locator('summary').all()).entries()) {
    if (index === 0) continue
    await summary.click()
    t.equal(await claims(page).locator('details[open]').count(), 1, 'one at a time')
    await check(t, page, `step ${index}`)
  }
  t.same(troubles, [])
})

t.test('at the account’s door', { buffered: true }, async (t) => {
  const { page, troubles } = await openPage(t, browser, { viewport: LAPTOP, locale: 'zh-CN' })
  await page.goto(url)
  await openAccountDoor(page)
  await check(t, page, 'pending')
  await page.locator('#scan').click()
  await tapPhone(page, /bob/)
  await page.frameLocator('iframe').locator('.plain').waitFor()
  await check(t, page, 'a stranger')
  await followInDemo(page)
  await check(t, page, 'chat')
  await followLink(page)
  await check(t, page, 'confirm page')
  await page.locator('#back').click()
  await page.frameLocator('iframe').locator('.bubble').waitFor()
  t.same(troubles, [])
})

t.test('what fails has room, too', { buffered: true }, async (t) => {
  const { page } = await openPage(t, browser, { viewport: LAPTOP, locale: 'en' })
  const body = { code: 'WECHAT_MISCONFIGURED', request_id: '4f1d0c9a7b2e' }
  await page.route('**/ticket?*', (route) => route.fulfill({ status: 502, json: body }))
  await page.goto(url)
  await until(page, 'error')
  await check(t, page, 'error')
})
