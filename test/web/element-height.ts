import t, { type Test } from 'tap'
import type { Page } from 'playwright-core'
import { startApp } from '../fixtures/app.ts'
import { openBrowser, openPage, phones } from '../fixtures/browser/browser.ts'
import { until } from '../fixtures/browser/element.ts'
import { pageWithElement, startSite, strictPolicy } from '../fixtures/browser/site.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { expire } from '../fixtures/tickets/time.ts'

/** The card has one height, whatever it shows; and what a site says of its session. */

// They wait most of the time, and each has a page of its own.
t.jobs = 4

const browser = await openBrowser(t)
const site = await startSite(t)
const { url, db } = await startApp(t, { corsOrigins: [site.origin], urlLink: true })
const phone = clientOf(url)
site.pages.set('/', { html: pageWithElement(url) })

/** In both languages, to the pixel. */
async function heights(page: Page, state: string, seen: Map<string, Set<number>>): Promise<void> {
  for (const lang of ['zh-CN', 'en']) {
    const height = await page.locator('scene-pass').evaluate((element, lang) => {
      element.setAttribute('lang', lang)
      return element.getBoundingClientRect().height
    }, lang)
    const all = seen.get(lang) ?? new Set()
    seen.set(lang, all.add(height))
    t.comment(`${state}, ${lang}: ${height}`)
  }
}

async function walk(t: Test, width: number, channel: string): Promise<void> {
  const seen = new Map<string, Set<number>>()
  const { page, context } = await openPage(t, browser, { viewport: { width, height: 900 } })
  const path = `/${channel}`
  site.pages.set(path, { html: pageWithElement(url, `channel="${channel}" auto-refresh="0"`) })
  const address = `${site.origin}${path}`
  const begin = async () => {
    await page.goto(address)
    return (await until(page, 'pending')) as { scene: string }
  }
  await page.route('**/ticket?*', () => {})
  await page.goto(address)
  await until(page, 'loading')
  await heights(page, 'loading', seen)
  await page.unrouteAll()

  const first = await begin()
  await heights(page, 'pending', seen)
  if (channel === 'miniprogram') {
    await phone.scan(first, 'alice')
    await until(page, 'scanned')
    await heights(page, 'scanned', seen)
    await phone.login(first, 'alice')
    await until(page, 'confirmed')
    await heights(page, 'confirmed', seen)
    await phone.deny(await begin(), 'bob')
    await until(page, 'denied')
    await heights(page, 'denied', seen)
  }
  await expire(db, await begin())
  await until(page, 'expired')
  await heights(page, 'expired', seen)
  await begin()
  await context.setOffline(true)
  await until(page, 'offline')
  await heights(page, 'offline', seen)
  await context.setOffline(false)
  const headers = { 'access-control-allow-origin': '*' }
  for (const [state, status, code] of [
    ['busy', 503, 'OVERLOADED'],
    ['error', 502, 'WECHAT_MISCONFIGURED'],
  ] as const) {
    const json = { code, request_id: 'a1B2c3D4-7x' }
    const wait = { ...headers, 'retry-after': '30' }
    await page.route('**/ticket?*', (route) => route.fulfill({ status, headers: wait, json }))
    await page.goto(address)
    await until(page, state)
    await heights(page, state, seen)
    await page.unrouteAll()
  }
  for (const [lang, all] of seen) t.equal(all.size, 1, `${lang}: ${[...all].join()}`)
  t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
}

for (const width of [320, 800]) {
  for (const channel of ['miniprogram', 'official_account']) {
    t.test(`one height at ${width} px: ${channel}`, { buffered: true }, (t) =>
      walk(t, width, channel),
    )
  }
}

t.test(
  'on a phone without a code it is lower, so that the button is seen',
  { buffered: true },
  async (t) => {
    const { page } = await openPage(t, browser, phones.chrome)
    await page.goto(`${site.origin}/`)
    await until(page, 'link')
    const box = await page.getByRole('link').boundingBox()
    t.ok(box && box.y + box.height < 640)
  },
)

t.test('the site says when it is done, and that it has failed', { buffered: true }, async (t) => {
  const { page } = await openPage(t, browser)
  await page.goto(`${site.origin}/`)
  await page.evaluate(() => {
    addEventListener('login', (event) => {
      const { detail } = event as CustomEvent<{ waitUntil: (promise: Promise<unknown>) => void }>
      detail.waitUntil(
        new Promise((resolve, reject) => Object.assign(globalThis, { resolve, reject })),
      )
    })
  })
  const signIn = async () => {
    const { scene } = await until(page, 'pending')
    await phone.login({ scene: scene as string }, 'alice')
    return until(page, 'confirmed')
  }
  t.equal((await signIn()).title, 'Signing in…')
  await page.evaluate(() =>
    (globalThis as unknown as { reject(why: Error): void }).reject(new Error('no')),
  )
  const { hint, button } = await until(page, 'error')
  t.match(hint, 'SITE_FAILED')
  t.equal(button, 'Try again')
  await page.getByRole('button').click()
  t.equal((await signIn()).title, 'Signing in…')
  await page.evaluate(() => (globalThis as unknown as { resolve(): void }).resolve())
  await page.getByText('Signed in').first().waitFor()
})

t.test(
  'where a policy forbids data: the code comes from its address',
  { buffered: true },
  async (t) => {
    const policy = strictPolicy(url).replace(' data:', '')
    site.pages.set('/strict', {
      html: pageWithElement(url),
      headers: { 'content-security-policy': policy },
    })
    const { page } = await openPage(t, browser)
    await page.goto(`${site.origin}/strict`)
    const { image, scene } = await until(page, 'pending')
    t.equal(image, `${url}/ticket/${scene}/qrcode`)
  },
)
