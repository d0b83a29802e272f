import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { axeViolations } from './fixtures/browser/axe.ts'
import {
  goBackToLivePage,
  openBrowser,
  openPage,
  phones,
  setHidden,
} from './fixtures/browser/browser.ts'
import { startChild } from './fixtures/network/child.ts'

const browser = await openBrowser(t)

const server = createServer((request, response) => {
  response.setHeader('content-type', 'text/html')
  response.setHeader('content-security-policy', "default-src 'self'")
  response.end(
    request.url === '/bad'
      ? '<title>x</title><script>1</script><img src="http://other.example/x.png"><p>text'
      : `<!doctype html><html lang="en"><title>A page</title><main><h1>${request.url}</h1></main>`,
  )
})
await once(server.listen(0, '127.0.0.1'), 'listening')
t.teardown(() => server.close())
const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

t.test('what a page does wrong is noticed, and nothing else', async (t) => {
  const { page, troubles } = await openPage(t, browser)
  await page.goto(`${url}/good`)
  t.same(await axeViolations(page), [])
  t.same(troubles, [])
  await page.goto(`${url}/bad`)
  t.ok(troubles.some((trouble) => trouble.startsWith('CSP: script-src')))
  t.ok(troubles.some((trouble) => trouble.startsWith('CSP: img-src')))
  const found = (await axeViolations(page)).join('\n')
  t.match(found, /^html-has-lang: .*\n/m)
  t.match(found, /^image-alt: .*<img src=.*/m)
  troubles.length = 0
  const thrown = page.waitForEvent('pageerror')
  await page.evaluate(() => void setTimeout(() => Promise.reject(new Error('too late'))))
  await thrown
  t.match(troubles, [/too late/])
})

t.test('a page is as it was asked for', async (t) => {
  const { page } = await openPage(t, browser, {
    ...phones.wechat,
    locale: 'zh-CN',
    colorScheme: 'dark',
    reducedMotion: 'reduce',
  })
  await page.goto(url)
  const found = await page.evaluate(() => ({
    language: navigator.language,
    userAgent: navigator.userAgent,
    width: innerWidth,
    touch: navigator.maxTouchPoints > 0,
    dark: matchMedia('(prefers-color-scheme: dark)').matches,
    still: matchMedia('(prefers-reduced-motion)').matches,
  }))
  t.match(found, {
    language: 'zh-CN',
    userAgent: /MicroMessenger/,
    touch: true,
    dark: true,
    still: true,
  })
})

t.test('a tab can be hidden, and a page comes back as it was left', async (t) => {
  const { page } = await openPage(t, browser)
  await page.goto(`${url}/first`)
  await page.evaluate(() => {
    const seen: string[] = []
    Object.assign(globalThis, { seen })
    document.addEventListener('visibilitychange', () => seen.push(document.visibilityState))
    addEventListener('pageshow', ({ persisted }) => seen.push(`shown again: ${persisted}`))
  })
  const seen = () => page.evaluate(() => (globalThis as unknown as { seen?: string[] }).seen)
  await setHidden(page, true)
  await setHidden(page, false)
  t.same(await seen(), ['hidden', 'visible'])
  await page.goto(`${url}/second`)
  const kept = await goBackToLivePage(page)
  t.equal(page.url(), `${url}/first`)
  if (kept) t.equal((await seen())?.at(-1), 'shown again: true')
  else t.equal(await seen(), undefined)
})

t.test('without a browser a file of tests says so, and fails where one is required', async (t) => {
  const run = (SCENEPASS_BROWSER: string) =>
    startChild(t, 'test/browser.ts', {
      env: { CHROMIUM_PATH: '/nowhere/chromium', CI: '', SCENEPASS_BROWSER },
    })
  const [lenient, strict] = [run(''), run('required')]
  t.equal(await lenient.ended, 0)
  t.match(lenient.stderr(), /^NOT TESTED: no browser runs here \(\/nowhere\/chromium: .*\)\..*\n$/)
  t.match(lenient.stdout(), /^1\.\.0 # NOT TESTED/m)
  t.not(await strict.ended, 0)
  t.match(strict.stderr(), /Error: NOT TESTED/)
})
