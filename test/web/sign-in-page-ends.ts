import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { axeViolations } from '../fixtures/browser/axe.ts'
import { lookAgain, until } from '../fixtures/browser/element.ts'
import { startShop } from '../fixtures/oidc/shop.ts'

/** The page of a sign-in that is over, and the one whose login gets no answer. */

const { db, url, shop, open, confirm, expire } = await startShop(t)

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
  await lookAgain(page)
  await page.getByRole('heading', { name: 'This sign-in has expired' }).waitFor()
})

t.test('after its end its address opens nothing', async (t) => {
  const { page } = await open(t)
  const visit = await shop.send(page)
  const address = page.url()
  await confirm(page, await until(page, 'pending'))
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
  await confirm(page, await until(page, 'pending'))
  t.ok(await visit.signedIn())
  t.equal(lost, 2)
})

t.test(
  'while the answer is on its way it says so; where none comes it can be tried again',
  async (t) => {
    // At the same time, because each of them tries three times, with pauses.
    await Promise.all([
      noAnswer(t, { locale: 'en', colorScheme: 'dark' }),
      noAnswer(t, { locale: 'zh-CN', colorScheme: 'light' }),
    ])
  },
)

async function noAnswer(
  t: Test,
  options: { locale: 'en' | 'zh-CN'; colorScheme: 'light' | 'dark' },
): Promise<void> {
  const { page } = await open(t, options)
  const visit = await shop.send(page)
  const en = options.locale === 'en'
  let broken = true
  await page.route(page.url(), (route) =>
    broken && route.request().method() === 'POST' ? route.abort() : route.continue(),
  )
  await confirm(page, await until(page, 'pending'))
  await page.getByText(en ? 'Taking you back to Shop …' : '正在返回 Shop …').waitFor()
  t.same(await axeViolations(page), [])
  await page.getByText(en ? 'the service does not answer' : '服务没有应答').waitFor()
  t.same(await axeViolations(page), [])
  const again = page.getByRole('button', { name: en ? 'Try again' : '重试' })
  t.ok(await again.evaluate((button) => button === document.activeElement))
  t.equal(
    await page.getByRole('link', { name: en ? 'Back to Shop' : '返回 Shop' }).getAttribute('href'),
    shop.home,
  )
  broken = false
  await page.keyboard.press('Enter')
  t.ok(await visit.signedIn())
}
