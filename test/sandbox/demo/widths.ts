import type { Page } from 'playwright-core'
import t from 'tap'
import { startApp } from '../../fixtures/app.ts'
import { axeViolations } from '../../fixtures/browser/axe.ts'
import { openBrowser, openPage } from '../../fixtures/browser/browser.ts'
import { confirmOnPhone, scanInDemo, tapPhone } from '../../fixtures/browser/demo.ts'
import { until } from '../../fixtures/browser/element.ts'

/** The demo on other screens than a laptop's, with large letters, and in forced colours. */

const browser = await openBrowser(t)
const { url } = await startApp(t)

/** How far the window is narrower than its content. */
const overflow = (page: Page): Promise<number> =>
  page.evaluate(() => (document.scrollingElement as Element).scrollWidth - innerWidth)

/** Whether all of it is in the window, or as much as the window has room for. */
const isInSight = (page: Page, selector: string): Promise<boolean> =>
  page.locator(selector).evaluate((element) => {
    const { top, bottom } = element.getBoundingClientRect()
    return top >= 0 ? bottom <= innerHeight + 1 || top <= 16 : bottom >= innerHeight
  })

for (const [locale, colorScheme] of [
  ['zh-CN', 'dark'],
  ['en', 'light'],
] as const) {
  t.test(`320 px wide, ${locale}: the phone comes into sight when it is needed`, async (t) => {
    const viewport = { width: 320, height: 640 }
    const { page, troubles } = await openPage(t, browser, { viewport, locale, colorScheme })
    await page.goto(url)
    await until(page, 'pending')
    t.equal(await overflow(page), 0)
    t.same(await axeViolations(page), [])
    t.ok(await isInSight(page, '#scan'), 'the button is at hand beside the code')
    await page.locator('#scan').click()
    await page.frameLocator('iframe').locator('.people').waitFor()
    t.ok(await isInSight(page, '.device'))
    await tapPhone(page, /alice/)
    await until(page, 'scanned')
    await page.frameLocator('iframe').locator('.decision').waitFor()
    t.equal(await overflow(page), 0)
    await confirmOnPhone(page)
    await page.locator('#claims').waitFor()
    t.ok(await isInSight(page, '#claims'), 'and so does what came of it')
    for (const summary of await page.locator('#claims summary').all()) {
      await summary.click()
      t.equal(await overflow(page), 0)
    }
    t.same(await axeViolations(page), [])
    t.same(troubles, [])
  })
}

t.test('on a larger laptop and a large screen it fits as well, on a tablet across', async (t) => {
  const { page } = await openPage(t, browser, { locale: 'en' })
  await page.goto(url)
  await until(page, 'pending')
  for (const [width, height] of [
    [1280, 620],
    [1440, 780],
    [1920, 970],
    [2560, 1300],
  ] as const) {
    await page.setViewportSize({ width, height })
    t.equal(await overflow(page), 0)
    const { scrollHeight, clientHeight } = await page.evaluate(() => {
      const { scrollHeight, clientHeight } = document.scrollingElement as Element
      return { scrollHeight, clientHeight }
    })
    t.equal(scrollHeight, clientHeight, `${width} × ${height}`)
  }
  await page.setViewportSize({ width: 1024, height: 768 })
  t.equal(await overflow(page), 0)
  t.ok(await isInSight(page, '.device'))
})

t.test('letters twice as large lose nothing: what has no room scrolls', async (t) => {
  const { page } = await openPage(t, browser, {
    viewport: { width: 1366, height: 657 },
    locale: 'zh-CN',
  })
  await page.goto(url)
  await until(page, 'pending')
  await page.evaluate(() => (document.documentElement.style.fontSize = '34px'))
  t.equal(await overflow(page), 0)
  t.same(await axeViolations(page), [])
  await scanInDemo(page)
  await confirmOnPhone(page)
  await page.locator('#restart').click()
  await until(page, 'pending')
})

t.test('in forced colours every control keeps its shape', async (t) => {
  const { page } = await openPage(t, browser, { forcedColors: 'active', locale: 'en' })
  await page.goto(url)
  await until(page, 'pending')
  const width = (selector: string) =>
    page.locator(selector).evaluate((element) => {
      const { borderTopWidth, borderTopColor, backgroundColor } = getComputedStyle(element)
      return borderTopColor === backgroundColor ? '0px' : borderTopWidth
    })
  for (const selector of ['#scan', '#language', '.device', '#traffic']) {
    t.not(await width(selector), '0px', selector)
  }
  await scanInDemo(page)
  const decide = page.frameLocator('iframe').locator('.decide')
  for (const button of await decide.all()) {
    const border = await button.evaluate((element) => {
      const { borderTopWidth, borderTopColor, backgroundColor } = getComputedStyle(element)
      return borderTopColor === backgroundColor ? '0px' : borderTopWidth
    })
    t.equal(border, '2px', 'both answers')
  }
  t.equal(await decide.count(), 2)
})
