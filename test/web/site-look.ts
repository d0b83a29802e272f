import type { Page } from 'playwright-core'
import t from 'tap'
import type { ScenePassState } from '../../src/web/widget.ts'
import { axeViolations } from '../fixtures/browser/axe.ts'
import { until } from '../fixtures/browser/element.ts'
import { startLook } from '../fixtures/browser/site-look.ts'

/** Our pages with a site's logo, colour and name, as people see them. */

// Each visitor has a browser's window of their own.
t.jobs = 3

/** 64 characters. */
const LONG = { 'zh-CN': '示例网站（内部测试）'.repeat(6) + '数据平台', en: 'W'.repeat(64) }

const { sandbox, url, visitor, askDevice, confirmLink } = await startLook(t)

const overflow = (page: Page) =>
  page.evaluate(() => {
    const { scrollWidth, clientWidth } = document.documentElement
    const cut = [...document.querySelectorAll('.name, h1, button, .logo')].filter((element) => {
      const { left, right } = element.getBoundingClientRect()
      return left < 0 || right > innerWidth
    })
    return [scrollWidth > clientWidth, cut.map((element) => element.outerHTML)]
  })
const NONE = [false, []]

t.test(
  'the tab says what has come of it, in the language of the page',
  { buffered: true },
  async (t) => {
    const { page, troubles, scan, login, deny, as, open, expire } = await visitor(t)
    const steps: [
      ScenePassState,
      (ticket: { scene: string }) => Promise<unknown>,
      string,
      string,
    ][] = [
      ['scanned', scan, '已扫码', 'Scanned'],
      ['confirmed', login, '✓ 已登录', '✓ Signed in'],
      ['denied', deny, '✕ 已拒绝', '✕ Declined'],
      ['expired', expire, '已过期', 'Expired'],
    ]
    const language = page.locator('#language')
    await as('zh-CN', 'light')
    for (const [state, happen, zh, en] of steps) {
      const ticket = await open()
      t.equal(await page.title(), '登录示例网站')
      await happen(ticket)
      await until(page, state)
      t.equal(await page.title(), `${zh} · 示例网站`)
      await language.click()
      t.equal(await page.title(), `${en} · 示例网站`)
      await page.evaluate(() => document.querySelector('scene-pass')?.refresh())
      await until(page, 'pending', { not: ticket.scene })
      t.equal(await page.title(), 'Sign in to 示例网站', 'a new attempt')
    }
    const ticket = await open(`${url}/d/${await askDevice()}`)
    t.equal(await page.title(), '在设备上登录电视')
    t.equal(await page.locator('.site').innerText(), '示例网站', 'whose page it is stands above')
    await scan(ticket)
    await until(page, 'scanned')
    t.equal(await page.title(), '已扫码 · 电视', 'the device’s page, too')
    t.same(troubles, [])
  },
)

for (const [lang, scheme] of [
  ['zh-CN', 'light'],
  ['zh-CN', 'dark'],
  ['en', 'light'],
  ['en', 'dark'],
] as const) {
  t.test(
    `every page can be read by everybody: ${lang}, ${scheme}`,
    { buffered: true },
    async (t) => {
      const { page, troubles, scan, login, deny, as, open } = await visitor(t)
      await as(lang, scheme, 320)
      const check = async (what: string) => {
        t.same(await axeViolations(page), [], what)
        t.same(await overflow(page), NONE, what)
      }
      const ticket = await open()
      await check('pending')
      await scan(ticket)
      await until(page, 'scanned')
      await check('scanned')
      await login(ticket)
      await until(page, 'confirmed')
      await check('confirmed')
      await deny(await open())
      await until(page, 'denied')
      await check('denied')
      await open(`${url}/d/${await askDevice()}`)
      await check('device')
      await page.goto(`${url}/d?user_code=x`)
      await check('type a code')
      await page.goto(`${url}/oidc/logout/success`)
      await check('signed out')
      await page.goto(await confirmLink())
      await page.locator('#confirm .decision').waitFor()
      await check('confirm')
      // The console has the statuses that these two pages come with.
      t.same(
        troubles.filter((line) => !line.includes('status of 400')),
        [],
      )
    },
  )
}

t.test(
  'a name of 64 characters, and text twice as large: nothing is cut off',
  { buffered: true },
  async (t) => {
    const { page, as } = await visitor(t)
    for (const lang of ['zh-CN', 'en'] as const) {
      await as(lang, 'light', 320)
      for (const address of [url, `${url}/d`, await confirmLink()]) {
        await page.goto(address)
        await page.evaluate((name) => {
          for (const each of document.querySelectorAll('.name')) each.textContent = name
        }, LONG[lang])
        t.same(await overflow(page), NONE, address)
        await page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
        t.same(await overflow(page), NONE, `${address}, 200 %`)
      }
    }
  },
)

t.test(
  'on a phone buttons are as wide as the card, and 48 pixels high',
  { buffered: true },
  async (t) => {
    const { page, deny, as, open } = await visitor(t)
    await as('en', 'light')
    const sizes = (selector: string) =>
      page.evaluate((selector) => {
        const [outer = '', inner] = selector.split(' >>> ')
        const found = document.querySelector(outer) as Element
        const element = (inner ? found.shadowRoot?.querySelector(inner) : found) as Element
        const card = (document.querySelector('h1') as Element).getBoundingClientRect()
        const { width, height } = element.getBoundingClientRect()
        return { isWide: width === card.width, isHigh: height >= 48 }
      }, selector)
    const good = { isWide: true, isHigh: true }
    await page.goto(`${url}/d`)
    t.same(await sizes('.code button'), good)
    const ticket = await open()
    await deny(ticket)
    await until(page, 'denied')
    t.same(await sizes('scene-pass >>> button'), good)
  },
)

t.test(
  'in forced colours buttons have an edge, and one tab is seen to be chosen',
  { buffered: true },
  async (t) => {
    const { page, as } = await visitor(t)
    await as('en', 'light')
    await page.emulateMedia({ forcedColors: 'active' })
    await page.goto(sandbox.url)
    await until(page, 'pending')
    const edges = await page
      .locator('[role=tab]')
      .evaluateAll((tabs) => tabs.map((tab) => getComputedStyle(tab).borderBottomColor))
    t.equal(edges.length, 2)
    t.not(edges[0], edges[1])
    await page.goto(`${url}/d`)
    const button = await page.locator('.code button').evaluate((element) => {
      const { borderTopColor, borderTopWidth, backgroundColor } = getComputedStyle(element)
      return { width: borderTopWidth, seen: borderTopColor !== backgroundColor }
    })
    t.same(button, { width: '1px', seen: true })
    t.same(await axeViolations(page), [])
  },
)

t.test(
  'the buttons have the site’s colour, its links one that can be read',
  { buffered: true },
  async (t) => {
    const { page, deny, as, open } = await visitor(t)
    await as('en', 'light')
    const ticket = await open()
    await deny(ticket)
    await until(page, 'denied')
    const fill = await page.evaluate(() => {
      const button = document.querySelector('scene-pass')?.shadowRoot?.querySelector('button')
      return getComputedStyle(button as Element).backgroundColor
    })
    t.equal(fill, 'rgb(255, 209, 0)')
    await page.goto(`${url}/nothing`)
    const link = await page.locator('.card a').evaluate((each) => getComputedStyle(each).color)
    t.not(link, 'rgb(255, 209, 0)', 'yellow on white cannot be')
    t.same(await axeViolations(page), [])
  },
)

t.test('a logo is shown, and a script in it never runs', { buffered: true }, async (t) => {
  const { page, troubles, open } = await visitor(t)
  await open()
  const [width, height] = await page
    .locator('img.logo')
    .evaluate((image) => [(image as HTMLImageElement).naturalWidth, image.clientHeight])
  t.ok((width as number) > 0)
  t.equal(height, 34, '2 rem')
  await page.goto(`${url}/logo`)
  t.equal(
    await page.locator('circle').evaluate((each) => getComputedStyle(each).fill),
    'rgb(225, 29, 72)',
  )
  t.notOk(await page.evaluate(() => document.documentElement.hasAttribute('ran')))
  t.match(troubles.join('\n'), /script/i, 'the browser says that it was kept from it')
})
