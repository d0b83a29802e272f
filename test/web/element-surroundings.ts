import t, { type Test } from 'tap'
import type { Page } from 'playwright-core'
import { startApp } from '../fixtures/app.ts'
import { axeViolations } from '../fixtures/browser/axe.ts'
import { openBrowser, openPage } from '../fixtures/browser/browser.ts'
import { look, until } from '../fixtures/browser/element.ts'
import { pageWithElement, startSite } from '../fixtures/browser/site.ts'
import { clientOf } from '../fixtures/network/client.ts'

/** The card as its surroundings have it: light or dark, forced colours, the direction, large letters. */

const browser = await openBrowser(t)
const site = await startSite(t)
const { url } = await startApp(t, { corsOrigins: [site.origin] })
const { scan, deny } = clientOf(url)

const NARROW = { width: 320, height: 900 }

type Options = Parameters<typeof openPage>[2]

async function open(t: Test, style: string, options: Options = {}) {
  const html = pageWithElement(url).replace('</head>', `<style>${style}</style></head>`)
  site.pages.set('/', { html })
  const { page } = await openPage(t, browser, options)
  await page.goto(`${site.origin}/`)
  const { scene } = await until(page, 'pending')
  return { page, ticket: { scene: scene as string } }
}

/** A computed property of a part of the card. */
const styleOf = (page: Page, selector: string, property: string) =>
  page.locator('scene-pass').evaluate(
    (element, [selector, property]) => {
      const found = (element.shadowRoot as ShadowRoot).querySelector(selector) as Element
      return getComputedStyle(found).getPropertyValue(property)
    },
    [selector, property] as const,
  )

const isDark = async (page: Page): Promise<boolean> =>
  /^rgb\(\d\d?, /.test(await styleOf(page, 'section', 'background-color'))

t.test('light or dark is as the page has it, whatever the system has', async (t) => {
  for (const [style, system, dark] of [
    ['', 'light', false],
    ['', 'dark', false],
    [':root{color-scheme:light}', 'dark', false],
    [':root{color-scheme:dark;background:#111}', 'light', true],
    [':root{color-scheme:light dark}', 'dark', true],
    [':root{color-scheme:light dark}', 'light', false],
  ] as const) {
    const { page } = await open(t, style, { colorScheme: system })
    t.equal(await isDark(page), dark, `${style || 'nothing said'}, ${system} system`)
    for (const theme of ['dark', 'light'] as const) {
      await page.locator('scene-pass').evaluate((element, theme) => {
        element.setAttribute('theme', theme)
      }, theme)
      t.equal(await isDark(page), theme === 'dark', 'the attribute comes first')
    }
    await page.close()
  }
})

t.test('forced colours keep the button, the countdown, the pictures and the code', async (t) => {
  const { page, ticket } = await open(t, '', { forcedColors: 'active' })
  t.equal(await styleOf(page, '.tile', 'background-color'), 'rgb(255, 255, 255)')
  const ground = await styleOf(page, 'section', 'background-color')
  const left = await styleOf(page, '.left', 'border-top-color')
  t.not(left, ground, 'what is left')
  t.equal(await styleOf(page, '.left', 'border-top-width'), '4px')
  await deny(ticket, 'bob')
  await until(page, 'denied')
  t.equal(await styleOf(page, 'button', 'border-top-style'), 'solid')
  for (const [selector, property] of [
    ['button', 'border-top-color'],
    ['svg', 'stroke'],
  ] as const) {
    t.not(await styleOf(page, selector, property), ground, selector)
    t.notMatch(await styleOf(page, selector, property), /^rgba.*, 0\)$/)
  }
  t.same(await axeViolations(page), [])
})

t.test('on a page that is written from the right it stays as it is', async (t) => {
  const { page } = await open(t, '')
  await page.evaluate(() => (document.documentElement.dir = 'rtl'))
  t.equal(await styleOf(page, 'section', 'direction'), 'ltr')
  const [bar, time] = await page.locator('scene-pass').evaluate((element) => {
    const find = (selector: string) => element.shadowRoot?.querySelector(selector) as Element
    return ['.bar', '.time'].map((selector) => find(selector).getBoundingClientRect().x)
  })
  t.ok((bar as number) < (time as number), 'the time is at the end of the bar')
  t.match((await look(page)).time, /^\d:\d\d left$/)
})

t.test('the picture is the same to the pixel wherever it should be', async (t) => {
  const dark = ':root{color-scheme:dark}'
  const pictures: Record<string, Buffer> = {}
  for (const [name, style, system] of [
    ['light', '', 'light'],
    ['light, dark system', '', 'dark'],
    ['light, from the right', ':root{direction:rtl}', 'light'],
    ['dark', dark, 'dark'],
    ['dark, light system', dark, 'light'],
  ] as const) {
    const options = { colorScheme: system, reducedMotion: 'reduce', viewport: NARROW } as const
    const { page, ticket } = await open(t, style, options)
    await deny(ticket, 'alice')
    await until(page, 'denied')
    pictures[name] = await page.locator('scene-pass').screenshot()
    await page.close()
  }
  for (const [name, picture] of Object.entries(pictures)) {
    const same = pictures[name.startsWith('light') ? 'light' : 'dark'] as Buffer
    t.ok(picture.equals(same), name)
  }
  t.notOk(pictures['light']?.equals(pictures['dark'] as Buffer), 'and the two differ')
})

t.test('letters twice as large in a narrow window: nothing is cut off', async (t) => {
  const { page, ticket } = await open(t, 'html{font-size:200%}', { viewport: NARROW })
  const fits = () =>
    page.locator('scene-pass').evaluate((element) => {
      const card = element.shadowRoot?.querySelector('section') as HTMLElement
      const { right, bottom } = card.getBoundingClientRect()
      const over = [...card.querySelectorAll('p, b, button')].filter((part) => {
        const box = part.getBoundingClientRect()
        return box.width > 0 && (box.right > right || box.bottom > bottom)
      })
      const wide = document.documentElement.scrollWidth > innerWidth
      return [...over.map(({ className }) => className), ...(wide ? ['page'] : [])]
    })
  t.same(await fits(), [], 'pending')
  await scan(ticket, 'alice')
  await until(page, 'scanned')
  t.same(await fits(), [], 'scanned')
  await deny(ticket, 'alice')
  await until(page, 'denied')
  t.same(await fits(), [], 'denied')
})
