import t from 'tap'
import { startApp } from '../../fixtures/app.ts'
import { openBrowser, openPage } from '../../fixtures/browser/browser.ts'
import { confirmOnPhone, scanInDemo } from '../../fixtures/browser/demo.ts'
import { until } from '../../fixtures/browser/element.ts'
import { startSite } from '../../fixtures/browser/site.ts'

/** What the demo gives into a person's hand once a login is there. */

const browser = await openBrowser(t)
const site = await startSite(t)
const { url } = await startApp(t, { corsOrigins: [site.origin] })

async function signedIn(t: Parameters<typeof openPage>[0]) {
  const opened = await openPage(t, browser, { locale: 'en' })
  const { page, context } = opened
  const tokens: string[] = []
  page.on('response', async (response) => {
    if (!/\/ticket\/[^/]+$/.test(response.url()) || !response.ok()) return
    const { token } = (await response.json().catch(() => ({}))) as { token?: string }
    if (token) tokens.push(token)
  })
  await page.goto(url)
  await until(page, 'pending')
  await scanInDemo(page)
  await confirmOnPhone(page)
  await page.locator('#claims').waitFor()
  return { ...opened, page, context, tokens }
}

t.test('the token, a page and a server’s check can be copied as they are', async (t) => {
  const { page, context, tokens, troubles } = await signedIn(t)
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  const copied = async (name: string) => {
    await page.getByRole('button', { name, exact: true }).click()
    await page.getByRole('button', { name: 'Copied' }).waitFor()
    return page.evaluate(() => navigator.clipboard.readText())
  }
  t.equal(await copied('Copy the token'), tokens[0])
  t.notMatch(await page.content(), tokens[0] as string, 'it is not written on the page')

  await page.getByText('Put it on your page').click()
  const html = await copied('Copy the code')
  t.match(html, `<script type="module" src="${url}/widget.js"></script>\n<scene-pass></scene-pass>`)

  await page.getByText('Verify it on your server').click()
  const server = await copied('Copy the code')
  t.match(server, `new URL('${url}/.well-known/jwks.json')`)
  t.match(server, "audience: 'web'")
  t.same(troubles, [])
})

t.test('without a clipboard of its own the page copies as a person would', async (t) => {
  const { page, tokens } = await signedIn(t)
  // As in a page that is not secure: by plain http from another machine.
  await page.evaluate(() => {
    Object.defineProperty(navigator, 'clipboard', { value: undefined })
    document.addEventListener('copy', () =>
      Object.assign(globalThis, { taken: (document.activeElement as HTMLTextAreaElement).value }),
    )
  })
  const button = page.getByRole('button', { name: 'Copy the token' })
  await button.click()
  await page.getByRole('button', { name: 'Copied' }).waitFor()
  t.equal(await page.evaluate(() => (globalThis as unknown as { taken: string }).taken), tokens[0])
  t.equal(await page.locator('textarea').count(), 0)
  await button.waitFor()
})

t.test('what is copied works: a page of another port signs in', async (t) => {
  const { page, context } = await signedIn(t)
  const html = (await page.locator('#page-snippet').textContent()) ?? ''
  site.pages.set('/', { html })
  for (const path of ['/session', '/account']) site.pages.set(path, { html: 'ok' })
  const visitor = await context.newPage()
  const asked: (string | undefined)[] = []
  visitor.on('request', (request) => {
    if (request.url().endsWith('/session')) asked.push(request.headers()['authorization'])
  })
  await visitor.goto(site.origin)
  const { scene } = await until(visitor, 'pending')
  const phone = await context.newPage()
  await phone.goto(`${url}/sandbox/phone?scene=${scene}`)
  await phone.getByRole('button', { name: 'bob' }).click()
  await phone.getByRole('button', { name: 'Confirm' }).click()
  await visitor.waitForURL(`${site.origin}/account`)
  t.match(asked, [/^Bearer eyJ/])
})

t.test('every link of it leads somewhere, in both languages', async (t) => {
  const { page } = await signedIn(t)
  const links = await page
    .locator('#claims a')
    .evaluateAll((found) => found.map((link) => (link as HTMLAnchorElement).href))
  t.ok(links.length >= 9)
  for (const link of links) {
    const answer = await fetch(link)
    t.equal(answer.status, 200, link)
    const text = await answer.text()
    if (link.endsWith('.zh-CN.md')) t.match(text, /\p{Script=Han}/u, link)
  }
})

t.test('the guide’s pages are there, and nothing beside them', async (t) => {
  const page = await fetch(`${url}/sandbox/guide/page.md`)
  t.equal(page.headers.get('content-type'), 'text/plain; charset=utf-8')
  t.match(await page.text(), /^# Put it on your page/)
  for (const name of ['..%2fpackage.json', 'none.md', '%2e%2e%2f.env', 'page']) {
    t.equal((await fetch(`${url}/sandbox/guide/${name}`)).status, 404, name)
  }
})
