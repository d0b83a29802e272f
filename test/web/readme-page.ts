import { readFileSync } from 'node:fs'
import t from 'tap'
import { startApp } from '../fixtures/app.ts'
import { openBrowser, openPage } from '../fixtures/browser/browser.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { until } from '../fixtures/browser/element.ts'
import { BASE, blockWith } from '../fixtures/readme.ts'
import { root } from '../fixtures/root.ts'
import { startSite } from '../fixtures/browser/site.ts'

/** The page of the READMEs, pasted, with nothing changed but the address. */

const browser = await openBrowser(t)
const site = await startSite(t)
const { url } = await startApp(t, { corsOrigins: [site.origin] })
const { login } = clientOf(url)
site.pages.set('/account', { html: '<!doctype html><title>Account</title>' })

for (const name of ['README.md', 'README.zh-CN.md']) {
  t.test(`the page of ${name} gives the token to its server and goes on`, async (t) => {
    const readme = readFileSync(new URL(name, root), 'utf8')
    site.pages.set('/', { html: blockWith(readme, '<scene-pass></scene-pass>').replace(BASE, url) })
    const { page, troubles } = await openPage(t, browser)
    let authorization: string | undefined
    await page.route('**/session', (route) => {
      authorization = route.request().headers()['authorization']
      return route.fulfill({ status: 204 })
    })
    await page.goto(`${site.origin}/`)
    const { scene } = await until(page, 'pending')
    await login({ scene: scene as string }, 'alice')
    await page.waitForURL(`${site.origin}/account`)
    t.match(authorization, /^Bearer eyJ/)
    t.same(troubles, [])
  })
}
