import t, { type Test } from 'tap'
import type { Page } from 'playwright-core'
import { startApp } from '../fixtures/app.ts'
import { axeViolations } from '../fixtures/browser/axe.ts'
import { openBrowser, openPage } from '../fixtures/browser/browser.ts'
import { call, clientOf } from '../fixtures/network/client.ts'

/** The sandbox's example app in a browser: a website, and a device. */

const browser = await openBrowser(t)
const { url } = await startApp(t, { oidc: {} })
const phone = clientOf(url)

/** The scene of the ticket that a page has begun. */
async function sceneIn(page: Page): Promise<string> {
  const answer = await page.waitForResponse(
    (response) => response.status() === 201 && /\/ticket(\?|$)/.test(response.url()),
  )
  return ((await answer.json()) as { scene: string }).scene
}

const traffic = (page: Page) => page.locator('#traffic .call').allTextContents()

async function open(t: Test, options: Parameters<typeof openPage>[2] = {}) {
  const opened = await openPage(t, browser, { viewport: { width: 1180, height: 900 }, ...options })
  await opened.page.goto(`${url}/sandbox/app`)
  return opened
}

t.test('the demo leads to it', async (t) => {
  const { page, troubles } = await openPage(t, browser, { locale: 'en-GB' })
  await page.goto(url)
  await page.getByRole('link', { name: 'Open the example app' }).click()
  await page.waitForURL(`${url}/sandbox/app`)
  t.same(troubles, [])
})

t.test('a person signs in, is refreshed, and signs out', async (t) => {
  const { page, troubles } = await open(t)
  await page.getByRole('button', { name: 'Sign in with WeChat' }).click()
  const scene = await sceneIn(page)
  t.match(page.url(), /\/sign-in\//)
  await phone.scan({ scene }, 'alice')
  await phone.login({ scene }, 'alice')
  await page.locator('#signed-in').waitFor()
  t.equal(page.url(), `${url}/sandbox/app`, 'the code is out of the address bar')
  t.match(await page.locator('#name').textContent(), /^微信用户 \w{4}$/)
  t.match(await page.locator('#app-claims').textContent(), 'sandbox-app')
  const calls = [
    'GET /.well-known/openid-configuration',
    'GET /oidc/authorize',
    'GET /sandbox/app',
    'POST /oidc/token',
    'GET /oidc/userinfo',
  ]
  t.same(await traffic(page), calls)
  const said = await page.locator('#traffic').innerHTML()
  t.notMatch(said, /[\w-]{43}</, 'no code, token or verifier is shown whole')
  t.match(said, /id_token&?.*…/)

  await page.getByRole('button', { name: 'Refresh' }).click()
  await page.locator('#traffic li').nth(5).waitFor()
  t.equal((await traffic(page)).filter((each) => each === 'POST /oidc/token').length, 2)
  t.equal(await page.locator('#signed-in').isVisible(), true)

  await page.getByRole('button', { name: 'Sign out' }).click()
  await page.waitForURL((at) => at.pathname === '/sandbox/app')
  await page.locator('#signed-out').waitFor()
  t.same(troubles, [])
})

t.test('a person gives up, and an answer of another sign-in is not taken', async (t) => {
  const { page } = await open(t)
  await page.getByRole('button', { name: 'Sign in with WeChat' }).click()
  await sceneIn(page)
  await page.locator('#give-up').click()
  await page.getByText('You did not sign in.').waitFor()
  await page.goto(`${url}/sandbox/app?code=of-a-stranger&state=x&iss=${encodeURIComponent(url)}`)
  await page.getByText('This answer belongs to no sign-in of this tab.').waitFor()
  t.notOk((await traffic(page)).includes('POST /oidc/token'))
})

t.test('a device shows its code, and is signed in by a phone', async (t) => {
  const { page, context, troubles } = await open(t)
  await page.getByRole('button', { name: 'Start the device' }).click()
  const link = page.getByRole('link', { name: 'Open its page in a new tab' })
  await link.waitFor()
  const userCode = await page.locator('#user-code').textContent()
  t.match(userCode, /^[A-Z]{4}-[A-Z]{4}$/)
  t.equal(await link.getAttribute('href'), `${url}/d/${userCode}`)
  const image = page.locator('#device-code')
  t.ok(await image.evaluate((image) => (image as HTMLImageElement).naturalWidth >= 400))
  const [tab] = await Promise.all([context.waitForEvent('page'), link.click()])
  const scene = await sceneIn(tab)
  await phone.scan({ scene }, 'bob')
  await phone.login({ scene }, 'bob')
  await page.getByText(/Signed in: 微信用户/).waitFor()
  t.equal(await page.locator('#waiting').isVisible(), false)
  t.same(
    troubles.filter((each) => !/400 \(Bad Request\)/.test(each)),
    [],
  )
})

t.test('it is legible to all, in both languages and themes, and on a narrow screen', async (t) => {
  for (const colorScheme of ['light', 'dark'] as const) {
    for (const locale of ['zh-CN', 'en-GB']) {
      const { page, troubles } = await open(t, { colorScheme, locale })
      t.equal(await page.locator('html').getAttribute('lang'), locale === 'zh-CN' ? locale : 'en')
      await page.locator('#ask').click()
      await page.locator('#waiting').waitFor()
      t.same(await axeViolations(page), [], `${locale} ${colorScheme}`)
      await page.setViewportSize({ width: 320, height: 800 })
      const wide = await page.evaluate(() => document.documentElement.scrollWidth)
      t.ok(wide <= 320, `${wide}`)
      await page.locator('#language').click()
      t.equal(await page.locator('html').getAttribute('lang'), locale === 'zh-CN' ? 'en' : 'zh-CN')
      t.same(troubles, [])
    }
  }
})

t.test('without OpenID Connect there is none, and the demo says how to have it', async (t) => {
  const off = await startApp(t)
  t.equal((await call(`${off.url}/sandbox/app`)).status, 404)
  const { page } = await openPage(t, browser)
  await page.goto(off.url)
  await page.getByText('OIDC=on npm start').waitFor()
  t.equal((await call(`${url}/sandbox/app/code?user_code=../../x`)).status, 400)
})
