import { Auth } from '@auth/core'
import { writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import { join } from 'node:path'
import { buffer } from 'node:stream/consumers'
import { pathToFileURL } from 'node:url'
import t, { type Test } from 'tap'
import { openBrowser, openPage } from '../../fixtures/browser/browser.ts'
import { signInByPage } from '../../fixtures/browser/sign-in-page.ts'
import { temporaryFolder } from '../../fixtures/network/child.ts'
import { startRealService } from '../../fixtures/oidc/real-service.ts'
import { freePort } from '../../fixtures/postgres/postgres.ts'

/** Auth.js (NextAuth without Next), with the lines that `scenepass clients` prints. */

const browser = await openBrowser(t)
const service = await startRealService(t, { env: { OIDC_EMAIL_DOMAIN: 'users.example' } })
await service.start()

type Providers = Parameters<typeof Auth>[1]['providers']

/** A site of one page and Auth.js. @param providers the file that its owner has pasted into */
function startSite(t: Test, port: number, providers: Providers): void {
  const server = createServer(async (request, response) => {
    const { url = '/', method = 'GET', headers } = request
    if (!url.startsWith('/api/auth/')) {
      return response.end('<!doctype html><title>Site</title><h1>The site</h1>')
    }
    const body = method === 'POST' ? await buffer(request) : null
    const asked = new Request(`http://localhost:${port}${url}`, {
      method,
      headers: headers as Record<string, string>,
      body,
    })
    const answer = await Auth(asked, {
      providers,
      basePath: '/api/auth',
      secret: 'a secret of the site, of 32 characters',
      trustHost: true,
    })
    for (const [name, value] of answer.headers) response.appendHeader(name, value)
    response.statusCode = answer.status
    return response.end(Buffer.from(await answer.arrayBuffer()))
  }).listen(port, '127.0.0.1')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
}

for (const flags of [[], ['--es256', '--email']]) {
  t.test(`people sign in to a site of Auth.js: ${flags.join(' ') || 'RS256'}`, async (t) => {
    const port = await freePort()
    const site = `http://localhost:${port}`
    const redirect = `${site}/api/auth/callback/scenepass`
    const app = ['--name', 'Our site', '--redirect', redirect, ...flags, '--for', 'authjs']
    const { lines } = await service.add(...app)
    const file = join(temporaryFolder(t), 'providers.mjs')
    writeFileSync(file, `export const providers = [\n${lines}]\n`)
    startSite(t, port, (await import(pathToFileURL(file).href)).providers as Providers)

    const { page, troubles } = await openPage(t, browser)
    // The logos of its own sign-in page.
    await page.route('https://authjs.dev/**', (route) => route.fulfill({ body: '' }))
    await page.goto(`${site}/api/auth/signin?callbackUrl=${encodeURIComponent(`${site}/`)}`)
    await page.getByRole('button', { name: 'Sign in with WeChat' }).click()
    await page.waitForURL(`${service.issuer}/sign-in/*`)
    await signInByPage(page, service.phone)
    await page.waitForURL(`${site}/`)
    const session = await (await page.request.get(`${site}/api/auth/session`)).json()
    t.match(session.user.name, /^微信用户 [0-9a-f]{4}$/)
    const email = flags.includes('--email') ? /^[0-9a-f-]{36}@users\.example$/ : undefined
    t.match(session.user.email, email)
    t.same(troubles, [])
  })
}
