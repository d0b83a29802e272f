import t from 'tap'
import { startApp } from '../fixtures/app.ts'
import { openBrowser, openPage } from '../fixtures/browser/browser.ts'
import { until } from '../fixtures/browser/element.ts'
import { startSite } from '../fixtures/browser/site.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { BASE, blockWith, guide, guideFile, languages } from '../fixtures/readme.ts'

/** The page of the READMEs, pasted, with nothing changed but the address. */

const browser = await openBrowser(t)
const site = await startSite(t)
const { url } = await startApp(t, { corsOrigins: [site.origin] })
const { login } = clientOf(url)
site.pages.set('/account', { html: '<!doctype html><title>Account</title>' })

for (const language of languages) {
  const name = guideFile('README', language)
  t.test(`the page of ${name} gives the token to its server and goes on`, async (t) => {
    const html = blockWith(guide('README', language), '<scene-pass></scene-pass>')
    site.pages.set('/', { html: html.replace(BASE, url) })
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
