import t, { type Test } from 'tap'
import type { Page } from 'playwright-core'
import type { ScenePassState } from '../../src/web/widget.ts'
import { startApp } from '../fixtures/app.ts'
import { axeViolations } from '../fixtures/browser/axe.ts'
import { openBrowser, openPage, phones } from '../fixtures/browser/browser.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { colorOf, listen, look, until, type Seen } from '../fixtures/browser/element.ts'
import { pageWithElement, startSite, strictPolicy } from '../fixtures/browser/site.ts'
import { expire } from '../fixtures/tickets/time.ts'

/** Every state, in both languages and both themes, on a site of another origin; most of them wait. */

t.jobs = 3
const browser = await openBrowser(t)
const site = await startSite(t)
const service = await startApp(t, { corsOrigins: [site.origin], urlLink: true })
const plain = await startApp(t, { corsOrigins: [site.origin] })
const { scan, login, deny } = clientOf(service.url)

for (const [path, { url }] of [
  ['/', service],
  ['/no-link', plain],
] as const) {
  site.pages.set(path, {
    html: pageWithElement(url, 'auto-refresh="0"'),
    headers: { 'content-security-policy': strictPolicy(url) },
  })
}

const seen = new Map<string, Record<'zh' | 'en', Seen>>()

/** One state in both languages and themes; axe looks for what keeps a visitor out. */
async function inspect(t: Test, page: Page, name: string): Promise<Record<'zh' | 'en', Seen>> {
  const views: Partial<Record<'zh' | 'en', Seen>> = {}
  for (const [lang, language, theme] of [
    ['zh-CN', 'zh', 'light'],
    ['zh-CN', 'zh', 'dark'],
    ['en', 'en', 'light'],
    ['en', 'en', 'dark'],
  ] as const) {
    await page.locator('scene-pass').evaluate(
      (element, [lang, theme]) => {
        element.setAttribute('lang', lang)
        element.setAttribute('theme', theme)
      },
      [lang, theme] as const,
    )
    t.same(await axeViolations(page), [], `${name}, ${lang}, ${theme}`)
    views[language] = await look(page)
    t.equal(views[language].language, lang)
  }
  const { zh, en } = views as Record<'zh' | 'en', Seen>
  t.match(zh.title, /\p{Script=Han}/u, name)
  t.match(en.title, /^[A-Z][^\p{Script=Han}]+$/u, name)
  t.notMatch(en.hint, /\p{Script=Han}/u)
  t.equal(zh.state, en.state, 'and it was one state all the time')
  seen.set(name, { zh, en })
  return { zh, en }
}

const colors = new Map<ScenePassState, string>()

const states: Promise<unknown>[] = []
const state = (name: string, show: (t: Test) => Promise<void>) =>
  void states.push(t.test(name, { buffered: true }, show))

state('from loading to signed in', async (t) => {
  const { page, troubles } = await openPage(t, browser)
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  await page.route('**/ticket?*', async (route) => {
    await held
    await route.continue()
  })
  await page.goto(`${site.origin}/`)
  await until(page, 'loading')
  const tokens = await listen(page)
  await inspect(t, page, 'loading')
  release()

  const pending = await until(page, 'pending')
  t.equal(pending.matchCode, null, 'of no use before the scan')
  t.match(pending.image, /^data:image\/png;base64,/, 'it came with the ticket')
  t.match(pending.time, /^(2:00|1:5\d) left$/)
  const { zh } = await inspect(t, page, 'pending')
  t.match(zh.time, /后失效$/)
  t.equal(await colorOf(page, '.tile', 'background-color'), 'rgb(255, 255, 255)', 'white in dark')
  t.match(await colorOf(page, '.tile', 'padding'), /^1[0-9]px/, 'room around the code')
  t.notSame(await colorOf(page, 'section', 'background-color'), 'rgb(255, 255, 255)')
  for (const [role, name] of [
    ['region', 'Sign in with WeChat'],
    ['img', 'WeChat mini program code'],
  ] as const) {
    t.equal(await page.getByRole(role, { name, exact: true }).count(), 1, `the ${role}`)
  }
  t.match(await page.getByRole('timer').innerText(), / left$/)
  t.match(await page.getByRole('status').innerText(), pending.title, 'what changes is announced')
  t.notMatch(await page.getByRole('status').innerText(), /:\d\d/, 'the seconds are not')

  const ticket = { scene: pending.scene as string }
  const { code } = (await scan(ticket, 'alice')).body.match
  await until(page, 'scanned')
  const scanned = await inspect(t, page, 'scanned')
  t.equal(scanned.en.image, null, 'no second phone can scan it')
  t.match(scanned.en.hint, /phone/)
  t.match(scanned.en, { matchCode: code, matchLabel: 'Compare with the phone' })
  t.match(await page.getByRole('status').innerText(), code, 'and heard as one number')

  t.equal((await login(ticket, 'alice')).status, 200)
  await until(page, 'confirmed')
  await inspect(t, page, 'confirmed')
  colors.set('confirmed', await colorOf(page, 'svg', 'stroke'))
  t.match(await tokens(), [/^eyJ/])
  t.equal((await tokens()).length, 1)
  t.same(troubles, [], 'the policy of the page forbids nothing of it')
})

state('declined', async (t) => {
  const { page, troubles } = await openPage(t, browser)
  await page.goto(`${site.origin}/`)
  const { scene } = await until(page, 'pending')
  await deny({ scene: scene as string }, 'bob')
  t.ok((await until(page, 'denied')).button)
  await inspect(t, page, 'denied')
  colors.set('denied', await colorOf(page, 'svg', 'stroke'))
  await page.keyboard.press('Tab')
  await page.keyboard.press('Enter')
  t.not((await until(page, 'pending')).scene, scene, 'one key later there is a new code')
  t.equal(
    await page.evaluate(() => document.activeElement?.localName),
    'scene-pass',
    'the focus stays where it was',
  )
  t.same(troubles, [])
})

state('expired, and not to be renewed by itself', async (t) => {
  const { page } = await openPage(t, browser)
  await page.goto(`${site.origin}/`)
  const { scene } = await until(page, 'pending')
  await expire(service.db, { scene: scene as string })
  t.ok((await until(page, 'expired')).button)
  await inspect(t, page, 'expired')
  await page.getByRole('button').click()
  t.not((await until(page, 'pending')).scene, scene)
})

state('offline, and back', async (t) => {
  const { page, context } = await openPage(t, browser)
  await page.goto(`${site.origin}/`)
  const { scene } = await until(page, 'pending')
  await context.setOffline(true)
  t.equal((await until(page, 'offline')).button, 'Try again now')
  await inspect(t, page, 'offline')
  await context.setOffline(false)
  t.equal((await until(page, 'pending')).scene, scene, 'the same ticket goes on')
})

state('busy, and no longer', async (t) => {
  const { page } = await openPage(t, browser)
  let busy = true
  await page.clock.install()
  await page.route('**/ticket?*', (route) =>
    busy
      ? route.fulfill({
          status: 503,
          headers: { 'retry-after': '30', 'access-control-allow-origin': '*' },
          json: { statusCode: 503, code: 'OVERLOADED', error: 'Service Unavailable', message: '' },
        })
      : route.continue(),
  )
  await page.goto(`${site.origin}/`)
  await until(page, 'busy')
  await inspect(t, page, 'busy')
  busy = false
  await page.clock.fastForward(40_000)
  await until(page, 'pending')
})

state('an error names itself, and a click begins again', async (t) => {
  const { page } = await openPage(t, browser)
  const wrong = { code: 'WECHAT_MISCONFIGURED', request_id: 'r-4711' }
  const headers = { 'access-control-allow-origin': '*' }
  await page.route('**/ticket?*', async (route) => {
    const { qrcode: _, ...json } = await (await route.fetch()).json()
    await route.fulfill({ status: 201, headers, json })
  })
  await page.route('**/qrcode', (route) => route.fulfill({ status: 502, headers, json: wrong }))
  await page.goto(`${site.origin}/`)
  const { hint, scene } = await until(page, 'error')
  t.match(hint, /WECHAT_MISCONFIGURED r-4711$/)
  await inspect(t, page, 'error')
  await page.unrouteAll()
  await page.getByRole('button').click()
  t.not((await until(page, 'pending')).scene, scene)
})

state('on a phone, with a link into WeChat', async (t) => {
  const { page, context } = await openPage(t, browser, phones.chrome)
  await page.goto(`${site.origin}/`)
  const { link, scene, image, matchCode, matchLabel } = await until(page, 'link')
  t.equal(image, null, 'no phone scans itself')
  t.ok(matchCode)
  t.equal(matchLabel, 'Remember this', 'the phone will show another page')
  await inspect(t, page, 'link')
  t.ok(link?.startsWith('http'))
  const [phone] = await Promise.all([context.waitForEvent('page'), page.getByRole('link').click()])
  t.match(phone.url(), scene as string, 'it opens the mini program on this ticket')
  await phone.close()
  const tokens = await listen(page)
  await login({ scene: scene as string }, 'carol')
  await until(page, 'confirmed')
  t.match(await tokens(), [/^eyJ/])
})

state('on a phone, without one', async (t) => {
  const { page } = await openPage(t, browser, phones.safari)
  await page.goto(`${site.origin}/no-link`)
  t.equal((await until(page, 'computer')).image, null)
  await inspect(t, page, 'computer')
  await page.getByRole('button').click()
  t.ok((await until(page, 'pending')).image)
  const { zh, en } = await inspect(t, page, 'album')
  t.match(zh.hint, '从相册选取')
  t.match(en, { hint: 'Scan → Album', matchLabel: 'Remember this', matchCode: /^\d\d$/ })
})

state('on a phone, inside WeChat', async (t) => {
  const { page } = await openPage(t, browser, phones.wechat)
  await page.goto(`${site.origin}/`)
  t.ok((await until(page, 'pending')).image)
  const { zh, en } = await inspect(t, page, 'press')
  t.match(zh.title, '长按')
  t.match(en.title, /long-press/i)
  t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), 'it fits')
})

await Promise.all(states)
t.test('no two states look or read alike', async (t) => {
  const views = [...seen.values()]
  t.equal(views.length, 13)
  const titles = views.flatMap(({ zh, en }) => [zh.title, en.title])
  t.equal(new Set(titles).size, titles.length - 3, 'three invite alike')
  const pictures = views.map(({ en }) => en.picture).filter((picture) => picture !== null)
  t.equal(pictures.length, 10)
  t.equal(new Set(pictures).size, 10)
  t.not(colors.get('confirmed'), colors.get('denied'))
})
