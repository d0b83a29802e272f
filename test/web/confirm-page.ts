import { sql } from 'kysely'
import { readFileSync } from 'node:fs'
import { Script } from 'node:vm'
import { transformSync } from 'esbuild'
import t, { type Test } from 'tap'
import { startApp } from '../fixtures/app.ts'
import { axeViolations } from '../fixtures/browser/axe.ts'
import { openBrowser, openPage, phones } from '../fixtures/browser/browser.ts'
import { call, clientOf, type Created } from '../fixtures/network/client.ts'
import { root } from '../fixtures/root.ts'

/** The page that the link in an official account's chat opens. */

const browser = await openBrowser(t)
const { url, db } = await startApp(t, { site: 'Example <b>&</b> Co' })
const { create, poll } = clientOf(url)

/** A ticket that alice has scanned, and the link that she was sent. */
async function scanned(): Promise<{ ticket: Created; link: string }> {
  const ticket = await create({ channel: 'official_account' })
  const { body } = await call(`${url}/sandbox/oa/scan`, {
    json: { user: 'alice', scene: ticket.scene },
  })
  const link = /<a href="([^"]+)">/.exec(body.reply as string)?.[1] ?? ''
  return { ticket, link }
}

async function open(t: Test, link: string, options: Parameters<typeof openPage>[2] = {}) {
  const opened = await openPage(t, browser, { ...phones.wechat, locale: 'en', ...options })
  const asked: string[] = []
  opened.page.on('request', (request) => asked.push(`${request.method()} ${request.url()}`))
  await opened.page.goto(link)
  const tap = (name: string) => opened.page.getByRole('button', { name, exact: true }).click()
  const says = (text: string | RegExp) => opened.page.getByText(text).first().waitFor()
  /** The screen's title: a notice may have the same words in it. */
  const shows = (title: string) => opened.page.locator('h1', { hasText: title }).waitFor()
  return { ...opened, asked, tap, says, shows }
}

const posts = (asked: string[]): string[] => asked.filter((line) => line.startsWith('POST'))

t.test('confirm: the mini program’s screens, in both languages, light and dark', async (t) => {
  for (const [locale, colorScheme, confirm, done] of [
    ['en', 'light', 'Confirm', 'Signed in'],
    ['zh-CN', 'dark', '确认登录', '登录成功'],
  ] as const) {
    const { ticket, link } = await scanned()
    const { page, says, shows, tap, troubles } = await open(t, link, { locale, colorScheme })
    await says('127.0.0.1')
    await says(/Example <b>&<\/b> Co/)
    await says(ticket.match_code as string)
    t.same(await axeViolations(page), [])
    await tap(confirm)
    await shows(done)
    t.same(await axeViolations(page), [])
    t.match((await poll(ticket)).body, { status: 'confirmed', token: /^eyJ/ })
    t.same(troubles, [], 'its policy forbids nothing that it needs')
  }
})

t.test('decline, and the way back to the chat', async (t) => {
  const { ticket, link } = await scanned()
  const { page, shows, tap, troubles } = await open(t, link)
  await page.evaluate(() => {
    const invoked: string[] = []
    const WeixinJSBridge = { invoke: (name: string) => invoked.push(name) }
    Object.assign(window, { WeixinJSBridge, invoked })
  })
  await tap('Decline')
  await shows('Declined')
  t.equal((await poll(ticket)).body.status, 'denied')
  await tap('Back to the chat')
  t.same(await page.evaluate(() => (window as unknown as { invoked: string[] }).invoked), [
    'closeWindow',
  ])
  t.same(troubles, [])
  const elsewhere = await open(t, `${url}/confirm`, phones.safari)
  await elsewhere.says('Open the link in the chat')
  t.equal(await elsewhere.page.getByRole('button', { name: 'Back to the chat' }).count(), 0)
  t.same(await axeViolations(elsewhere.page), [])
  t.same(posts(elsewhere.asked), [], 'without a link nothing is asked')
})

t.test(
  'the proof leaves the address at once, is never in a request line, survives a reload',
  async (t) => {
    const { ticket, link } = await scanned()
    const proof = link.split('.').at(-1) as string
    const { page, asked, says, shows, tap } = await open(t, link)
    await says('127.0.0.1')
    t.equal(page.url(), `${url}/confirm`)
    await page.reload()
    await says('127.0.0.1')
    t.equal(page.url(), `${url}/confirm`)
    t.notMatch(asked.map((line) => line.replace(/#.*/, '')).join('\n'), proof)
    t.notMatch(await page.content(), proof)
    await tap('Confirm')
    await shows('Signed in')
    t.equal((await poll(ticket)).body.status, 'confirmed')
    const other = await scanned()
    await page.goto(other.link)
    await says(other.ticket.match_code as string)
    t.equal(page.url(), `${url}/confirm`, 'another link in the same window')
  },
)

t.test('to fetch the page decides nothing, whoever does', async (t) => {
  const { ticket, link } = await scanned()
  const row = async () =>
    (await sql`select * from tickets where scene = ${ticket.scene}`.execute(db)).rows
  const before = await row()
  const [bare = '', fragment = ''] = link.split('#')
  for (const address of [bare, `${bare}?${fragment}`, `${bare}?scene=${ticket.scene}`]) {
    for (const method of ['GET', 'HEAD']) {
      const answer = await fetch(address, { method })
      t.equal(answer.status, 200)
      t.equal(answer.headers.get('cache-control'), 'no-store')
      t.match(
        answer.headers.get('content-security-policy'),
        /^default-src 'none';script-src 'self'/,
      )
      t.notMatch(await answer.text(), ticket.scene)
    }
  }
  t.same(await row(), before)
  const { says } = await open(t, link)
  await says('127.0.0.1')
  t.equal((await poll(ticket)).body.status, 'scanned', 'to look is not to confirm')
})

t.test('what cannot be decided says so', async (t) => {
  const { ticket, link } = await scanned()
  const wrong = await open(t, `${link.slice(0, -2)}AA`)
  await wrong.page.locator('h1').filter({ hasNotText: 'One moment' }).waitFor()
  t.equal(await wrong.page.getByRole('button', { name: 'Confirm', exact: true }).count(), 0)
  t.equal((await poll(ticket)).body.status, 'scanned')

  const { page, says, tap } = await open(t, link, { locale: 'zh-CN' })
  await says('127.0.0.1')
  await sql`update tickets set expires_at = now() where scene = ${ticket.scene}`.execute(db)
  await tap('确认登录')
  await page.locator('h1', { hasText: '二维码已过期' }).waitFor()
  t.notMatch(await page.locator('main').innerText(), '小程序', 'this door has no mini program')
  t.same(await axeViolations(page), [])
})

t.test('in no frame, where there is no sandbox to show it in', async (t) => {
  const real = await startApp(t, { sandbox: null })
  const headers = async (base: string) => (await fetch(`${base}/confirm`)).headers
  const strict = await headers(real.url)
  t.match(strict.get('content-security-policy'), "frame-ancestors 'none'")
  t.equal(strict.get('x-frame-options'), 'DENY')
  t.match((await headers(url)).get('content-security-policy'), "frame-ancestors 'self'")
})

t.test('its script is for WeChat’s oldest engines: ES2015, and no module', async (t) => {
  const source = readFileSync(new URL('dist/src/confirm-page/page.js', root), 'utf8')
  t.match(source, '/ticket/')
  t.doesNotThrow(() => new Script(source), 'a script, which has neither import nor export')
  t.notMatch(source, /\bimport\s*\(|import\.meta/)
  const written = (target: string): string =>
    transformSync(source, { target, minifyWhitespace: true, legalComments: 'none' }).code
  t.equal(written('es2015'), written('esnext'), 'nothing newer to translate')
  t.not(
    transformSync('a?.b', { target: 'es2015' }).code,
    transformSync('a?.b', { target: 'esnext' }).code,
    'and it would be seen',
  )
  const newer =
    /\.(?:includes|padStart|padEnd|flatMap|flat|matchAll|replaceAll|replaceChildren|finally|at|entries|values|fromEntries|hasOwn)\(|\bfetch\(|AbortSignal|globalThis|structuredClone/
  t.notMatch(source, newer, 'and no function that came later')
})
