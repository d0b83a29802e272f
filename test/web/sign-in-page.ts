import t from 'tap'
import { axeViolations } from '../fixtures/browser/axe.ts'
import { phones } from '../fixtures/browser/browser.ts'
import { until } from '../fixtures/browser/element.ts'
import { startShop } from '../fixtures/oidc/shop.ts'

/** The page of a sign-in to another app, from the app's request until its person is back there. */

const { url, shop, sandboxShop, open, confirm, deny } = await startShop(t)

t.test('a person scans, confirms, and is back at the app, signed in', async (t) => {
  const { page, troubles } = await open(t)
  const visit = await shop.send(page)
  t.match(page.url(), `${url}/sign-in/`)
  const seen = await until(page, 'pending')
  t.equal(await page.title(), 'Sign in to Shop')
  t.same(await axeViolations(page), [])
  const user = await confirm(page, seen)
  t.equal(await visit.signedIn(), user)
  t.same(await page.context().cookies(), [], 'no cookie is left')

  await page.goBack()
  t.equal(page.url(), `${shop.origin}/before`, 'the page that is over is not in the history')
  t.same(troubles, [])
})

t.test('both doors are tabs, and the other one leads to the app as well', async (t) => {
  const { page } = await open(t)
  const visit = await (await sandboxShop()).send(page)
  const { scene } = await until(page, 'pending')
  await page.getByRole('tab', { name: 'Mini program' }).press('ArrowRight')
  const other = await until(page, 'pending', { not: scene })
  t.equal(other.hint, 'Open WeChat and scan the code · The first time, follow the official account')
  await page.getByRole('tab', { name: 'Official account' }).press('Home')
  await confirm(page, await until(page, 'pending', { not: other.scene }))
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
  const seen = await until(page, 'pending')
  await deny(page, seen)
  const { button } = await until(page, 'denied')
  t.equal(button, 'Refresh the code')
  t.same(await axeViolations(page), [])
  await page.getByRole('button', { name: 'Refresh the code' }).click()
  await confirm(page, await until(page, 'pending', { not: seen.scene }))
  t.ok(await visit.signedIn())
})

t.test('two tabs are two sign-ins; one of them in two tabs is one', async (t) => {
  const { page, context } = await open(t)
  const twin = await context.newPage()
  const [first, second] = [await shop.send(page), await shop.send(twin)]
  const address = page.url()
  const [one, two] = [await until(page, 'pending'), await until(twin, 'pending')]
  await confirm(twin, two, 'bob')
  const bob = await second.signedIn()
  await confirm(page, one)
  t.not(await first.signedIn(), bob)

  const visit = await shop.send(page)
  t.not(page.url(), address)
  await twin.goto(page.url())
  const [here, there] = [await until(page, 'pending'), await until(twin, 'pending')]
  await confirm(twin, there)
  await twin.waitForURL(`${shop.origin}/callback?*`)
  await confirm(page, here)
  await page.getByRole('heading', { name: 'This sign-in is over' }).waitFor()
  t.ok(visit)
})

t.test(
  'on a phone it is as the hosted page: pressed in WeChat, elsewhere not scanned',
  async (t) => {
    for (const colorScheme of ['light', 'dark'] as const) {
      const wechat = await open(t, { ...phones.wechat, colorScheme })
      const visit = await shop.send(wechat.page)
      const seen = await until(wechat.page, 'pending')
      t.match(seen.title, /Long-press|长按/)
      t.same(await axeViolations(wechat.page), [])
      await confirm(wechat.page, seen)
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
  const { page, troubles } = await open(t)
  const visit = await (await sandboxShop()).send(page)
  await until(page, 'pending')
  const phone = page.frameLocator('iframe')
  await page.getByRole('button', { name: 'Scan the code' }).click()
  await phone.getByRole('button', { name: 'alice' }).click()
  await phone.getByText('Shop').first().waitFor()
  await phone.getByRole('button', { name: 'Confirm' }).click()
  t.ok(await visit.signedIn())
  t.same(troubles, [])
})
