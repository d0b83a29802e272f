import { readFileSync } from 'node:fs'
import { createRemoteJWKSet, jwtVerify } from 'jose'
import t from 'tap'
import type { ScenePassElement, ScenePassStatus } from '../../src/web/widget.ts'
import { ISSUER, startApp } from '../fixtures/app.ts'
import { openBrowser, openPage } from '../fixtures/browser/browser.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { listen, look, until } from '../fixtures/browser/element.ts'
import { root } from '../fixtures/root.ts'
import { pageWithElement, startSite, strictPolicy } from '../fixtures/browser/site.ts'

/** The element on other people's pages: origins, policies, attributes, looks. */

const browser = await openBrowser(t)
const site = await startSite(t)
const stranger = await startSite(t)
const { url } = await startApp(t, { corsOrigins: [site.origin] })
const other = await startApp(t, { corsOrigins: [site.origin] })
const { login } = clientOf(url)
site.pages.set('/open', { html: pageWithElement(url) })
for (const { pages } of [site, stranger]) {
  pages.set('/', {
    html: pageWithElement(url),
    headers: { 'content-security-policy': strictPolicy(url) },
  })
}

t.test('a page of another origin, under a policy that forbids everything else', async (t) => {
  const { page, troubles } = await openPage(t, browser)
  await page.goto(`${site.origin}/`)
  const { scene } = await until(page, 'pending')
  const tokens = await listen(page)
  await login({ scene: scene as string }, 'alice')
  await until(page, 'confirmed')
  const [token = ''] = await tokens()
  const jwks = createRemoteJWKSet(new URL('/.well-known/jwks.json', url))
  await jwtVerify(token, jwks, { issuer: ISSUER, audience: 'web', algorithms: ['ES256'] })
  const inside = await page
    .locator('scene-pass')
    .evaluate((element) => (element.shadowRoot as ShadowRoot).innerHTML + location.href)
  t.notMatch(inside, token, 'the token is in no markup and in no address')
  t.same(troubles, [])
})

t.test('a page of an origin that is not on the list says so, and what to add', async (t) => {
  const { page, troubles } = await openPage(t, browser)
  await page.goto(`${stranger.origin}/`)
  const { hint, button } = await until(page, 'error')
  t.equal(hint, 'Try again, or tell the website this code: ORIGIN_NOT_ALLOWED')
  t.ok(button)
  t.match(troubles.join('\n'), `Add ${stranger.origin} to CORS_ORIGINS`)
})

t.test('what no page can read is a network that fails, and no matter of origins', async (t) => {
  const { page, troubles } = await openPage(t, browser)
  // It answers as a proxy does while the service restarts: without a word of CORS.
  site.pages.set('/proxy', { html: pageWithElement(url, `src="${stranger.origin}"`) })
  await page.goto(`${site.origin}/proxy`)
  await until(page, 'offline')
  t.notMatch(troubles.join('\n'), 'CORS_ORIGINS')
})

t.test('in a bundle it has to be told where ScenePass is', async (t) => {
  const bundle = readFileSync(new URL('dist/src/web/widget.js', root), 'utf8')
  site.pages.set('/bundle.js', { html: bundle, headers: { 'content-type': 'text/javascript' } })
  for (const [path, lang, src, advice] of [
    ['/none', 'en', '', 'Try again, or tell the website this code: SRC_MISSING'],
    ['/empty', 'zh', 'src=""', '请重试，或将此代码告知网站： SRC_MISSING'],
    ['/wrong', 'en', 'src="http://"', 'Try again, or tell the website this code: SRC_MISSING'],
  ] as const) {
    site.pages.set(path, {
      html: `<!doctype html><html lang="${lang}"><script type="module" src="/bundle.js"></script><scene-pass ${src}></scene-pass>`,
    })
    const { page, troubles } = await openPage(t, browser)
    await page.goto(site.origin + path)
    t.equal((await until(page, 'error')).hint, advice)
    t.match(troubles.join('\n'), 'Set <scene-pass src>')
    await page
      .locator('scene-pass')
      .evaluate((element, src) => element.setAttribute('src', src), url)
    await until(page, 'pending')
  }

  const { page, troubles } = await openPage(t, browser)
  await page.goto(`${site.origin}/empty`)
  await until(page, 'error')
  await page.evaluate((src) => {
    const late = document.createElement('scene-pass') as ScenePassElement
    document.querySelector('scene-pass')?.replaceWith(late)
    late.src = src
  }, url)
  await until(page, 'pending')
  t.equal(troubles.length, 1, 'a framework may set it after it has put the element on the page')
})

t.test('the events tell what happens, in order, and never the secret', async (t) => {
  const { page } = await openPage(t, browser)
  const secrets: string[] = []
  page.on('response', async (response) => {
    if (response.request().method() === 'POST') secrets.push((await response.json()).secret)
  })
  await page.addInitScript(() => {
    const heard: unknown[] = []
    Object.assign(globalThis, { heard })
    for (const type of ['status', 'login']) {
      addEventListener(type, (event) => {
        const { detail } = event as CustomEvent<object>
        heard.push({ type, ...detail })
      })
    }
  })
  await page.goto(`${site.origin}/`)
  const { scene } = await until(page, 'pending')
  await login({ scene: scene as string }, 'bob')
  await until(page, 'confirmed')
  const heard = await page.evaluate(
    () => (globalThis as unknown as { heard: (ScenePassStatus & { type: string })[] }).heard,
  )
  const order = heard.map(({ type, state }) => (type === 'login' ? type : state))
  t.same(order, ['loading', 'pending', 'confirmed', 'login'], 'each once')
  const pending = heard.find(({ state }) => state === 'pending')
  t.match(pending, { scene, code: null })
  t.ok((pending?.expiresAt ?? 0) > Date.now() + 60_000, 'a deadline, in milliseconds')
  t.equal(secrets.length, 1)
  t.notMatch(JSON.stringify(heard), secrets[0] as string)
})

t.test('attributes and properties', async (t) => {
  const { page } = await openPage(t, browser, { locale: 'zh-CN' })
  await page.goto(`${site.origin}/open`)
  const before = await until(page, 'pending')
  t.equal(before.language, 'en', "the page's language comes before the browser's")
  const element = page.locator('scene-pass')
  const set = (values: object) =>
    element.evaluate((element, values) => void Object.assign(element, values), values)

  await set({ lang: 'zh-TW' })
  t.equal((await look(page)).language, 'zh-CN')
  await set({ lang: 'fr' })
  t.equal((await look(page)).language, 'en')
  await element.evaluate((element) => {
    document.documentElement.removeAttribute('lang')
    element.removeAttribute('lang')
    element.setAttribute('theme', 'dark')
  })
  t.equal((await look(page)).language, 'zh-CN', "then the browser's")
  t.equal((await look(page)).scene, before.scene, 'none of it needs a new ticket')

  const properties = await element.evaluate((element) => {
    const { src, theme, autoRefresh, state, scene } = element as ScenePassElement
    return { src, theme, autoRefresh, state, scene }
  })
  t.same(properties, {
    src: `${url}/`,
    theme: 'dark',
    autoRefresh: 3,
    state: 'pending',
    scene: before.scene,
  })

  await set({ src: other.url, autoRefresh: 0 })
  const after = await until(page, 'pending', { not: before.scene })
  t.not(after.image, before.image)
  t.equal(await element.getAttribute('auto-refresh'), '0')
  await element.evaluate((element) => (element as ScenePassElement).refresh())
  await until(page, 'pending', { not: after.scene })
})

t.test('the page gives it other looks', async (t) => {
  const { page } = await openPage(t, browser, { colorScheme: 'dark' })
  await page.goto(`${site.origin}/`)
  await until(page, 'pending')
  const style = () =>
    page.locator('scene-pass').evaluate((element) => {
      const find = (part: string) =>
        getComputedStyle((element.shadowRoot as ShadowRoot).querySelector(part) as Element)
      const { backgroundColor, borderRadius } = find('section')
      return {
        backgroundColor,
        borderRadius,
        tile: find('.tile').width,
        bar: find('i').borderTopColor,
      }
    })
  const { backgroundColor } = await style()
  t.equal(backgroundColor, 'rgb(255, 255, 255)', 'light as the page, in a dark system')
  await page.evaluate(() => {
    const sheet = new CSSStyleSheet()
    sheet.replaceSync(`
      scene-pass { --scenepass-background: rgb(1, 2, 3); --scenepass-accent: rgb(4, 5, 6); --scenepass-size: 200px }
      scene-pass::part(card) { border-radius: 0 }
    `)
    document.adoptedStyleSheets = [sheet]
  })
  t.same(await style(), {
    backgroundColor: 'rgb(1, 2, 3)',
    borderRadius: '0px',
    tile: '200px',
    bar: 'rgb(4, 5, 6)',
  })
})

t.test('large letters, a narrow window, and no motion', async (t) => {
  const { page } = await openPage(t, browser, {
    viewport: { width: 320, height: 640 },
    reducedMotion: 'reduce',
  })
  await page.route('**/ticket?*', () => {})
  await page.goto(`${site.origin}/`)
  await until(page, 'loading')
  const motion = await page
    .locator('scene-pass svg')
    .evaluate((picture) => getComputedStyle(picture).animationName)
  t.equal(motion, 'none')
  await page.unroute('**/ticket?*')
  await page.locator('scene-pass').evaluate((element) => (element as ScenePassElement).refresh())
  await until(page, 'pending')
  await page.evaluate(() => (document.documentElement.style.fontSize = '200%'))
  t.ok(
    await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth),
    'nothing to scroll sideways',
  )
})
