import { createHash } from 'node:crypto'
import t from 'tap'
import { STYLE } from '../../../src/web/widget/style.ts'
import { startApp } from '../../fixtures/app.ts'
import { call } from '../../fixtures/network/client.ts'
import { postgresUrl } from '../../fixtures/postgres/database.ts'

const RETURN = 'https://www.example.com/signed-in?from=wechat&x=1'

const databaseUrl = await postgresUrl(t)
const { url } = await startApp(t, { databaseUrl, site: 'Tom & <Jerry>', returnUrls: [RETURN] })
const hosted = await startApp(t, {
  databaseUrl,
  publicUrl: 'https://login.example',
  sandbox: null,
  returnUrls: [RETURN, 'https://www.example.com/other', 'http://localhost:5173/in'],
})
const plain = await startApp(t, { databaseUrl, sandbox: null })

const page = (base: string, query: Record<string, string> = {}, headers = {}) =>
  call(`${base}/?${new URLSearchParams(query).toString()}`, { headers })

/** What the document makes a browser load: a link is followed by people. */
const partsOf = (html: string) =>
  [...html.replace(/<a .*?>/g, '').matchAll(/(?:src|href)="([^"]+)"/g)].map(
    (match) => match[1] as string,
  )

const PARTS = [
  '/apple-touch-icon.png',
  '/favicon.ico',
  '/icon.svg',
  '/page.css',
  '/page.js',
  '/widget.js',
]
const TYPES = {
  js: 'text/javascript; charset=utf-8',
  css: 'text/css; charset=utf-8',
  svg: 'image/svg+xml',
  png: 'image/png',
  ico: 'image/x-icon',
}

for (const [name, base, parts] of [
  ['login page', plain.url, PARTS],
  ["sandbox's page", url, [...PARTS, '/sandbox/demo.css', '/sandbox/demo.js'].sort()],
] as const) {
  t.test(`the ${name} has no script, style or handler of its own text`, async (t) => {
    const { status, headers, body } = await page(base)
    t.equal(status, 200)
    t.equal(headers.get('content-type'), 'text/html; charset=utf-8')
    t.notMatch(body, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:/i)
    t.same(partsOf(body).sort(), parts)
    for (const part of parts) {
      const answer = await call(base + part)
      t.equal(answer.status, 200, part)
      t.equal(answer.headers.get('content-type'), TYPES[part.split('.')[1] as 'js'])
      t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
      t.notMatch(answer.body, /innerHTML|eval\(|localStorage|sessionStorage|document\.cookie/)
    }
  })
}

t.test('the name of the site is text', async (t) => {
  const { body } = await page(url)
  t.match(body, 'Tom &amp; &lt;Jerry&gt;')
  t.notMatch(body, '<Jerry>')
})

t.test('the sandbox says on its page that it is one, the real service does not', async (t) => {
  t.match((await page(url)).body, /sandbox/i)
  t.notMatch((await page(hosted.url)).body, /sandbox/i)
  for (const path of ['/sandbox/phone', '/sandbox/demo.js', '/sandbox/demo.css']) {
    t.equal((await call(hosted.url + path)).status, 404)
  }
})

t.test(
  'the page is in the language that the browser asks for, in Chinese where it asks for none',
  async (t) => {
    for (const [asked, lang, title] of [
      ['en-GB,en;q=0.9', 'en', 'Sign in to login.example'],
      ['zh-CN,zh;q=0.9,en;q=0.8', 'zh-CN', '登录 login.example'],
      ['en;q=0.1,zh-TW', 'zh-CN', '登录 login.example'],
      ['fr', 'en', 'Sign in to login.example'],
      ['*', 'zh-CN', '登录 login.example'],
    ] as const) {
      const { body, headers } = await page(hosted.url, {}, { 'accept-language': asked })
      t.match(body, `<html lang="${lang}">`, asked)
      t.match(body, `<title>${title.replace('login.example', 'Example')}</title>`, asked)
      t.equal(headers.get('vary'), 'accept-language, accept-encoding')
    }
  },
)

t.test('a login goes to a listed address by a form, with its state', async (t) => {
  for (const base of [hosted.url, url]) {
    const { status, headers, body } = await page(base, { return_to: RETURN, state: 'a b' })
    t.equal(status, 200)
    t.equal(headers.get('cache-control'), 'no-cache')
    t.equal(headers.get('content-encoding'), null)
    t.match(
      body,
      '<form id="hand-over" method="post" action="https://www.example.com/signed-in?from=wechat&amp;x=1" autocomplete="off" hidden>',
    )
    t.match(body, '<input type="hidden" name="token" value="">')
    t.match(body, '<input type="hidden" name="state" value="a b">')
    t.match(body, /正在返回 <b>www\.example\.com<\/b>/)
    t.match(body, /Taking you back to <b>www\.example\.com<\/b>/)
  }
  t.notMatch((await page(hosted.url, { return_to: RETURN })).body, 'name="state"')
  t.match((await page(hosted.url, { return_to: RETURN, state: '' })).body, 'name="state" value=""')
  t.notMatch((await page(hosted.url)).body, '<form')
  t.match((await page(hosted.url)).body, /without return_to, so the login token goes to no website/)
})

t.test('a state stays text, even where it looks like markup', async (t) => {
  for (const [state, written] of [
    ['"><script>alert(1)</script>', '&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;'],
    ["' onfocus='alert(1)", '&#39; onfocus=&#39;alert(1)'],
    ['&quot; $& $1 ${x}', '&amp;quot; $&amp; $1 ${x}'],
    ['你好 😀 +%', '你好 😀 +%'],
    ['😀'.repeat(1024), '😀'.repeat(1024)],
  ] as const) {
    const { status, body } = await page(hosted.url, { return_to: RETURN, state })
    t.equal(status, 200)
    t.ok(body.includes(`<input type="hidden" name="state" value="${written}">`), state.slice(0, 40))
    t.notMatch(body, '<script>alert')
  }
})

t.test('an address that is not listed character by character is refused', async (t) => {
  const host = 'https://www.example.com'
  for (const address of [
    '',
    'https://www.example.com',
    `${host}/signed-in`,
    `${host}/signed-in?from=wechat`,
    `${host}/signed-in?x=1&from=wechat`,
    `${RETURN}&`,
    `${RETURN}1`,
    `${RETURN}#`,
    `${RETURN}/`,
    ` ${RETURN}`,
    `${RETURN}\n`,
    `${RETURN}\0`,
    RETURN.replace('signed', 'signed\n'),
    RETURN.replace('signed-in', 'Signed-in'),
    RETURN.replace('signed-in', 'signed%2din'),
    RETURN.replace('/signed', '//signed'),
    RETURN.replace('/signed', '/./signed'),
    RETURN.replace('/signed', '\\signed'),
    RETURN.replace('https', 'HTTPS'),
    RETURN.replace('https', 'http'),
    RETURN.replace('https:', ''),
    RETURN.replace('www', 'WWW'),
    RETURN.replace('.com', '.com:443'),
    RETURN.replace('.com', '.com.'),
    RETURN.replace('.com', '.com.evil.example'),
    RETURN.replace('//', '//user@'),
    RETURN.replace('//', '//evil.example\\@'),
    encodeURIComponent(RETURN),
    'javascript:alert(1)',
    'https://evil.example/',
    `${RETURN},https://www.example.com/other`,
  ]) {
    const { status, headers, body } = await page(hosted.url, { return_to: address })
    t.match({ status, body }, { status: 400, body: { code: 'INVALID_REQUEST' } }, address)
    t.match(body.message, /return_to .* RETURN_URLS/)
    t.match(headers.get('content-type'), 'application/json')
    t.equal(headers.get('vary'), 'accept, accept-language')
    t.notOk(address && JSON.stringify(body).includes(address), 'nothing of it comes back')
  }
  const without = await page(plain.url, { return_to: RETURN })
  t.match(without, { status: 400, body: { message: /RETURN_URLS/ } })
})

t.test('parameters that cannot be meant are refused', async (t) => {
  const listed = encodeURIComponent(RETURN)
  for (const [query, message] of [
    ['state=x', /state goes back to return_to/],
    [`return_to=${listed}&return_to=${listed}`, /return_to must be string/],
    [`return_to=${listed}&return_to=https://evil.example`, /return_to must be string/],
    [`return_to[]=${listed}&state=x`, /state goes back to return_to/],
    [`return_to=${listed}&state=a&state=b`, /state must be string/],
    [`return_to=${listed}&state=${'x'.repeat(1025)}`, /state must NOT have more than 1024/],
    [`return_to=${listed}&state=a%0Ab`, /state must match pattern/],
    [`return_to=${listed}&state=%00`, /state must match pattern/],
  ] as const) {
    const { status, body } = await call(`${hosted.url}/?${query}`)
    t.match({ status, body }, { status: 400, body: { code: 'INVALID_REQUEST', message } }, query)
  }
  t.equal((await call(`${hosted.url}/?utm_source=x`)).status, 200, 'others are not looked at')
})

const POLICY =
  "default-src 'none';script-src 'self';style-src 'self';img-src 'self';connect-src 'self';base-uri 'none';form-action 'none';frame-ancestors 'none'"
const TRUSTED = "require-trusted-types-for 'script';trusted-types 'none'"

t.test('every page has the strictest policy it can bear', async (t) => {
  const styled = POLICY.replace("img-src 'self'", "img-src 'self' data:").replace(
    "style-src 'self'",
    `style-src 'self' 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'`,
  )
  const origins = 'https://www.example.com http://localhost:5173'
  const one = styled.replace("form-action 'none'", 'form-action https://www.example.com')
  for (const [address, policy, frame] of [
    [`${plain.url}/`, `${styled};${TRUSTED}`, 'DENY'],
    [
      `${hosted.url}/`,
      `${styled.replace("form-action 'none'", `form-action ${origins}`)};${TRUSTED}`,
      'DENY',
    ],
    [`${url}/`, `${one};frame-src 'self';${TRUSTED}`, 'DENY'],
    [`${url}/widget.js`, POLICY, 'DENY'],
    [
      `${url}/sandbox/phone`,
      POLICY.replace("frame-ancestors 'none'", "frame-ancestors 'self'"),
      'SAMEORIGIN',
    ],
    [`${url}/sandbox/phone.js`, POLICY, 'DENY'],
    [`${url}/sandbox/calls`, POLICY, 'DENY'],
  ] as const) {
    for (const method of ['GET', 'HEAD']) {
      const { status, headers } = await call(address, { method })
      t.equal(status, 200)
      t.equal(headers.get('content-security-policy'), policy, address)
      t.equal(headers.get('x-frame-options'), frame, address)
      t.equal(headers.get('referrer-policy'), 'no-referrer')
      t.equal(headers.get('x-content-type-options'), 'nosniff')
    }
  }
  const docs = (await call(`${url}/docs`)).headers.get('content-security-policy') ?? ''
  t.match(docs, /frame-ancestors 'none'/)
  t.notMatch(docs, /unsafe-inline|unsafe-eval|\*/)
})

t.test('browsers are told to keep to https only where it is https', async (t) => {
  for (const path of ['/', '/docs', '/widget.js']) {
    const header = (await call(hosted.url + path)).headers.get('strict-transport-security')
    t.ok(Number(/max-age=(\d+)/.exec(header ?? '')?.[1]) >= 15_552_000, `${path}: ${header}`)
    const none = (await call(url + path)).headers.get('strict-transport-security')
    t.equal(none, null, 'plain http must stay possible')
  }
})
