import t from 'tap'
import { openBrowser, openPage } from '../../fixtures/browser/browser.ts'
import { signInByPage } from '../../fixtures/browser/sign-in-page.ts'
import { findApache, startApache } from '../../fixtures/network/apache.ts'
import { startRealService } from '../../fixtures/oidc/real-service.ts'
import { freePort } from '../../fixtures/postgres/postgres.ts'

/** Debian's mod_auth_openidc, a certified app, with the lines that `scenepass clients` prints. */

const program = findApache()
if (program === null && process.env['SCENEPASS_APACHE'] === 'required') {
  throw new Error('SCENEPASS_APACHE=required, and there is none with mod_auth_openidc')
}
const skip =
  program === null &&
  'NOT TESTED: there is no Apache with mod_auth_openidc on this machine (apt-get install apache2 libapache2-mod-auth-openidc)'

t.test('people sign in to a site of Apache, and out of it', { skip }, async (t) => {
  const browser = await openBrowser(t)
  const variants = [
    { name: 'as printed', flags: [], change: (lines: string) => lines },
    {
      name: 'without PKCE, ES256, a remembered browser',
      flags: ['--es256', '--wechat'],
      env: { OIDC_SSO_MINUTES: '60' },
      change: (lines: string) => lines.replace(/^OIDCPKCEMethod .*\n/m, ''),
    },
  ]
  for (const { name, flags, env = {}, change } of variants) {
    await t.test(name, async (t) => {
      const service = await startRealService(t, { env })
      await service.start()
      const port = await freePort()
      const site = `http://localhost:${port}`
      const { lines } = await service.add(
        '--name',
        'Our wiki',
        '--redirect',
        `${site}/callback`,
        '--logout',
        `${site}/bye.html`,
        '--for',
        'mod_auth_openidc',
        ...flags,
      )
      const page = '<!doctype html><title>Wiki</title><h1>The wiki</h1>'
      const apache = { program: program as string, port, lines: change(lines), page }
      const errorLog = await startApache(t, apache)

      const opened = await openPage(t, browser)
      await opened.page.goto(`${site}/`)
      t.match(await opened.page.textContent('body'), /Our wiki/, 'the page names the app')
      const arrived = opened.page.waitForResponse(`${site}/`)
      await signInByPage(opened.page, service.phone)
      const headers = await (await arrived).allHeaders()
      t.match(headers['x-remote-user'], /^[0-9a-f-]{36}/)
      t.equal(headers['x-name'], `wx-${headers['x-remote-user']?.slice(0, 8)}`)
      t.equal(await opened.page.textContent('h1'), 'The wiki')

      const bye = encodeURIComponent(`${site}/bye.html`)
      await opened.page.goto(`${site}/callback?logout=${bye}`)
      const asks = opened.page.locator('button[value=yes]')
      if ('OIDC_SSO_MINUTES' in env) await asks.click()
      await opened.page.waitForURL(`${site}/bye.html*`)
      // Another address: the browser may still have the page of the first one.
      await opened.page.goto(`${site}/?again`)
      t.ok(opened.page.url().startsWith(`${service.issuer}/sign-in/`), 'it asks again')
      t.notMatch(errorLog(), /oidc_.*(error|invalid|failed)/i)
      t.same(opened.troubles, [])
    })
  }
})
