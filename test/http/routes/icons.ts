import t from 'tap'
import type { Logo } from '../../../src/http/site.ts'
import { startApp } from '../../fixtures/app.ts'
import { call } from '../../fixtures/network/client.ts'
import { postgresUrl } from '../../fixtures/postgres/database.ts'

/** The pictures of our pages, and what their heads say. */

const databaseUrl = await postgresUrl(t)
const SVG = '<svg xmlns="http://www.w3.org/2000/svg"/>'
const start = (logo?: Logo, more = {}) =>
  startApp(t, { databaseUrl, site: '示例 "A"', ...(logo && { logo }), ...more })
const none = await start(undefined, { oidc: {} })
const raster = await start(
  { type: 'image/png', bytes: Buffer.from('the logo') },
  { publicUrl: 'https://login.example', oidc: {} },
)
const vector = await start({ type: 'image/svg+xml', bytes: Buffer.from(SVG) }, { color: '#ff5500' })

const BROWSER = { accept: 'text/html,*/*;q=0.8', 'accept-language': 'zh-CN' }
const htmlOf = async (base: string, path: string) =>
  (await call(base + path, { headers: BROWSER })).body as unknown as string

/** One of each document that we write. */
const PAGES = ['/', '/nothing', '/d', '/confirm', '/docs', '/oidc/logout/success', '/sandbox/app']

t.test('without a logo the icons are ours, in a shape for each', async (t) => {
  for (const [path, type, begin] of [
    ['/icon.svg', 'image/svg+xml', '<svg'],
    ['/favicon.ico', 'image/x-icon', '\0\0\x01\0'],
    ['/apple-touch-icon.png', 'image/png', '\x89PNG'],
  ] as const) {
    const answer = await fetch(none.url + path)
    t.equal(answer.status, 200)
    t.equal(answer.headers.get('content-type'), type)
    const bytes = Buffer.from(await answer.arrayBuffer())
    t.equal(bytes.toString('latin1', 0, begin.length), begin)
    t.ok(bytes.length < 4_096, `${path}: ${bytes.length}`)
  }
  t.equal((await call(`${none.url}/logo`)).status, 404)
  for (const path of PAGES) {
    const html = await htmlOf(none.url, path)
    t.match(html, '<link rel="icon" href="/favicon.ico" sizes="32x32">', path)
    t.match(html, '<link rel="icon" href="/icon.svg" type="image/svg+xml">', path)
    t.match(html, '<link rel="apple-touch-icon" href="/apple-touch-icon.png">', path)
    t.notMatch(html, '/logo', path)
  }
})

t.test('a logo takes the place of every icon, also of those that nobody names', async (t) => {
  for (const path of ['/logo', '/favicon.ico', '/apple-touch-icon.png']) {
    for (const [base, type, text] of [
      [raster.url, 'image/png', 'the logo'],
      [vector.url, 'image/svg+xml', SVG],
    ] as const) {
      const answer = await fetch(base + path)
      t.equal(answer.headers.get('content-type'), type, path)
      t.equal(await answer.text(), text)
      t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
      t.equal(
        answer.headers.get('content-security-policy'),
        "default-src 'none';style-src 'unsafe-inline';img-src data:;frame-ancestors 'none';sandbox",
      )
      t.match(answer.headers.get('cache-control'), 'max-age=3600')
      const etag = answer.headers.get('etag') ?? ''
      const again = await fetch(base + path, { headers: { 'if-none-match': etag } })
      t.equal(again.status, 304)
    }
  }
  for (const path of PAGES.filter((path) => !path.startsWith('/sandbox'))) {
    const html = await htmlOf(raster.url, path)
    t.match(html, '<link rel="icon" href="/logo" type="image/png">', path)
    t.match(html, '<link rel="apple-touch-icon" href="/logo">', path)
    t.notMatch(html, '/icon.svg', path)
  }
  const html = await htmlOf(vector.url, '/')
  t.match(html, '<link rel="icon" href="/logo" type="image/svg+xml">')
  t.notMatch(html, 'apple-touch-icon', 'phones take no SVG')
})

t.test('each of them is in the language by the one rule', async (t) => {
  for (const path of ['/', '/nothing', '/d', '/docs', '/oidc/logout/success']) {
    for (const [asked, lang] of [
      [undefined, 'zh-CN'],
      ['zh-TW,en;q=0.8', 'zh-CN'],
      ['en', 'en'],
      ['ja', 'en'],
    ] as const) {
      const headers = { accept: BROWSER.accept, ...(asked && { 'accept-language': asked }) }
      const { body } = await call(none.url + path, { headers })
      t.match(body, `<html lang="${lang}">`, `${path} ${asked}`)
    }
  }
})

t.test('the logo says no more than the name beside it', async (t) => {
  for (const path of ['/', '/nothing', '/d', '/confirm']) {
    t.match(
      await htmlOf(raster.url, path),
      '<p class="site"><img class="logo" src="/logo" alt=""><span class="name">示例 &quot;A&quot;</span></p>',
      path,
    )
  }
})

t.test('a chat that shows a link to the page says whose it is and what for', async (t) => {
  const html = await htmlOf(raster.url, '/')
  for (const line of [
    '<meta name="description" content="用微信扫码登录示例 &quot;A&quot;。">',
    '<meta property="og:site_name" content="示例 &quot;A&quot;">',
    '<meta property="og:title" content="登录示例 &quot;A&quot;">',
    '<meta property="og:description" content="用微信扫码登录示例 &quot;A&quot;。">',
    '<meta property="og:image" content="https://login.example/logo">',
    '<meta name="theme-color" media="(prefers-color-scheme: light)" content="#f1f4f2">',
    '<meta name="theme-color" media="(prefers-color-scheme: dark)" content="#101311">',
  ]) {
    t.ok(html.includes(line), line)
  }
  t.notMatch(await htmlOf(vector.url, '/'), 'og:image', 'chats show no SVG')
  t.notMatch(await htmlOf(none.url, '/'), 'og:image')
  t.notMatch(await htmlOf(none.url, '/nothing'), /og:|description/, 'nobody shares an error')
  const { body } = await call(`${none.url}/`, { headers: { 'accept-language': 'en' } })
  t.match(body, 'content="Sign in to 示例 &quot;A&quot; by scanning a code with WeChat."')
})

t.test('the colour comes with the stylesheets, and with nothing else', async (t) => {
  for (const path of ['/page.css', '/confirm.css']) {
    t.match((await call(vector.url + path)).body, /:root\{--accent:#[^}]+--fill:#ff5500/, path)
    t.notMatch((await call(none.url + path)).body, '#ff5500')
  }
  t.notMatch(await htmlOf(vector.url, '/'), 'ff5500')
})
