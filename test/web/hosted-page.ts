import { createRemoteJWKSet, jwtVerify } from 'jose'
import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'
import t from 'tap'
import { SANDBOX_APPID } from '../../src/config/sandbox.ts'
import { ISSUER, startApp } from '../fixtures/app.ts'
import { axeViolations } from '../fixtures/browser/axe.ts'
import { openBrowser, openPage, phones } from '../fixtures/browser/browser.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'
import { look, until } from '../fixtures/browser/element.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'
import { wechatAt } from '../fixtures/network/wechat-at.ts'

/** The page at `/`, as people use it: alone, on the way to a site, and beside the sandbox's phone. */

const browser = await openBrowser(t)
const databaseUrl = await postgresUrl(t)

const sitePort = await freePort()
const site = `http://127.0.0.1:${sitePort}`
const returnTo = `${site}/signed-in`
const posted: { url: string; form: URLSearchParams; origin: string | undefined }[] = []
const server = createServer(async (request, response) => {
  if (request.method === 'POST') {
    const form = new URLSearchParams(await text(request))
    posted.push({ url: request.url ?? '', form, origin: request.headers.origin })
    return response.writeHead(303, { location: '/welcome' }).end()
  }
  response.writeHead(200, { 'content-type': 'text/html' })
  return response.end('<!doctype html><title>Welcome</title>')
}).listen(sitePort, '127.0.0.1')
t.teardown(() => {
  server.closeAllConnections()
  server.close()
})

const sandbox = await startApp(t, { databaseUrl, returnUrls: [returnTo] })
const { login } = clientOf(sandbox.url)
const wechat = wechatAt(t, `${sandbox.url}/sandbox/wechat`)
const real = await startApp(t, { databaseUrl, returnUrls: [returnTo], sandbox: null, wechat })

/** What a phone says, wherever the ticket was made: the database is the same. */
const confirm = (scene: string | null) => login({ scene: scene as string }, 'alice')

t.test('a visitor comes from a site and goes back to it, signed in', async (t) => {
  const { page, troubles } = await openPage(t, browser)
  const state = 'a "state" & <more> 状态'
  const query = new URLSearchParams({ return_to: returnTo, state })
  const addresses: string[] = []
  page.on('request', (request) => addresses.push(request.url()))
  await page.goto(`${real.url}/?${query}`)
  const { scene } = await until(page, 'pending')
  t.same(await axeViolations(page), [])
  await confirm(scene)
  await page.waitForURL(`${site}/welcome`)
  t.equal(posted.length, 1)
  const { url, form, origin } = posted[0] as (typeof posted)[number]
  t.equal(url, '/signed-in', 'nothing in the address')
  t.same([...form.keys()], ['token', 'state'])
  t.equal(form.get('state'), state, 'as it was')
  t.equal(origin, 'null')
  const token = form.get('token') as string
  const jwks = createRemoteJWKSet(new URL('/.well-known/jwks.json', real.url))
  await jwtVerify(token, jwks, { issuer: ISSUER, audience: 'web', algorithms: ['ES256'] })
  t.notMatch(addresses.join('\n'), token)

  await page.goBack()
  t.not((await until(page, 'pending')).scene, scene, 'back means a new sign-in')
  t.equal(posted.length, 1)
  t.notMatch(await page.content(), 'eyJ')
  t.same(troubles, [])
})

t.test('alone it signs in, says so, and shows the token nowhere', async (t) => {
  for (const [locale, words] of [
    ['zh-CN', /令牌不会交给/],
    ['en', /goes to no website/],
  ] as const) {
    const { page, troubles } = await openPage(t, browser, { locale, colorScheme: 'dark' })
    await page.goto(`${real.url}/`)
    const { scene, language } = await until(page, 'pending')
    t.equal(language, locale)
    t.same(await axeViolations(page), [])
    await confirm(scene)
    await until(page, 'confirmed')
    await page.getByText(words).waitFor()
    t.notMatch(await page.evaluate(() => document.body.innerText), 'eyJ')
    t.equal(await page.locator('iframe').count(), 0, 'no phone where there is no sandbox')
    t.same(troubles, [])
  }
})

t.test('in the sandbox one person plays both parts', async (t) => {
  const { page, troubles } = await openPage(t, browser, { locale: 'en' })
  const secrets: string[] = []
  page.on('response', async (response) => {
    const posted = response.request().method() === 'POST'
    if (posted && response.ok()) {
      const { secret, token } = await response.json()
      secrets.push(...[secret, token].filter(Boolean))
    }
  })
  await page.goto(`${sandbox.url}/`)
  await until(page, 'pending')
  t.same(await axeViolations(page), [])
  const phone = page.frameLocator('iframe')
  await page.getByRole('button', { name: 'Scan the code' }).click()
  await phone.getByRole('button', { name: 'alice' }).click()
  const { matchCode } = await until(page, 'scanned')
  await phone.getByText(matchCode as string, { exact: true }).waitFor()
  await phone.getByRole('button', { name: 'Confirm' }).click()
  await until(page, 'confirmed')

  const claims = page.getByRole('region', { name: 'Signed in' })
  await claims.getByText(SANDBOX_APPID).waitFor()
  const log = page.getByRole('log')
  await log.getByText('POST /login').waitFor()
  const lines = await log.locator('summary').allInnerTexts()
  t.match(lines.join('\n'), /POST \/ticket[^]+wx-login[^]+\/scan[^]+POST \/login/)
  await log.getByText('POST /login').click()
  for (const details of await log.locator('details').all()) {
    await details.evaluate((element) => ((element as HTMLDetailsElement).open = true))
  }
  t.same(await axeViolations(page), [])
  const everything = await page.evaluate(() => document.body.innerText)
  t.match(everything, /Authorization: Bearer \S{10}…/)
  t.ok(secrets.length >= 2)
  for (const secret of secrets) t.notMatch(everything, secret)

  await page.getByRole('button', { name: 'Sign in once more' }).click()
  await until(page, 'pending')
  await page.getByRole('button', { name: '中文' }).first().click()
  t.equal((await look(page)).language, 'zh-CN')
  await page.frameLocator('iframe').getByText('扫码登录').waitFor()
  t.same(troubles, [])
})

t.test('in the sandbox, dark and narrow', async (t) => {
  const { page } = await openPage(t, browser, {
    locale: 'zh-CN',
    colorScheme: 'dark',
    viewport: { width: 360, height: 740 },
  })
  await page.goto(`${sandbox.url}/`)
  await until(page, 'pending')
  t.same(await axeViolations(page), [])
  t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
})

t.test('on a phone it says to use a computer', async (t) => {
  const { page } = await openPage(t, browser, { ...phones.safari, locale: 'zh-CN' })
  await page.goto(`${real.url}/`)
  t.match((await until(page, 'computer')).hint, '电脑')
  t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
  t.same(await axeViolations(page), [])
})

t.test('no other site may frame it', async (t) => {
  const { page } = await openPage(t, browser)
  await page.route(`${site}/framed`, (route) =>
    route.fulfill({
      contentType: 'text/html',
      body: `<!doctype html><title>x</title><iframe src="${sandbox.url}/"></iframe><iframe src="${sandbox.url}/sandbox/phone"></iframe>`,
    }),
  )
  await page.goto(`${site}/framed`)
  await page.waitForLoadState('networkidle')
  const [, ...frames] = page.frames()
  t.same(
    frames.map((frame) => frame.url()),
    ['chrome-error://chromewebdata/', 'chrome-error://chromewebdata/'],
  )
})
