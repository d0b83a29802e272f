import t from 'tap'
import { startApp } from '../../fixtures/app.ts'
import { clientOf } from '../../fixtures/network/client.ts'
import { postgresUrl } from '../../fixtures/postgres/database.ts'
import { rawHttp } from '../../fixtures/network/raw-http.ts'

const LISTED = 'https://www.example'
const OTHERS = [
  'https://evil.example',
  'http://www.example',
  'https://www.example.evil',
  'https://www.example:8443',
  'null',
]

const databaseUrl = await postgresUrl(t)
const { url } = await startApp(t, {
  databaseUrl,
  corsOrigins: ['https://a.example', LISTED],
  urlLink: true,
})
const closed = await startApp(t, { databaseUrl, urlLink: true })
const ticket = await clientOf(url).create()

/** By hand: a browser's `fetch` does not let its caller say where it comes from. */
const ask = (base: string, method: string, path: string, headers: Record<string, string>) =>
  rawHttp(
    base,
    `${method} ${path} HTTP/1.1\r\nHost: x\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
  )

const preflight = (base: string, path: string, origin: string, method: string) =>
  ask(base, 'OPTIONS', path, {
    origin,
    'access-control-request-method': method,
    'access-control-request-headers': 'authorization,content-type',
  })

const browserCalls = [
  ['POST', '/ticket'],
  ['GET', `/ticket/${ticket.scene}`],
  ['DELETE', `/ticket/${ticket.scene}`],
  ['GET', `/ticket/${ticket.scene}/qrcode`],
  ['GET', `/ticket/${ticket.scene}/link`],
] as const

const list = (value: string | undefined) => (value ?? '').toLowerCase().split(/\s*,\s*/)

t.test('a listed origin may make every call of a browser', async (t) => {
  for (const [method, path] of browserCalls) {
    const { status, headers } = await preflight(url, path, LISTED, method)
    t.ok(status === 200 || status === 204, `${method} ${path}: ${status}`)
    t.equal(headers['access-control-allow-origin'], LISTED)
    t.ok(list(headers['access-control-allow-methods']).includes(method.toLowerCase()))
    t.ok(list(headers['access-control-allow-headers']).includes('authorization'))
    t.ok(list(headers['access-control-allow-headers']).includes('content-type'))
    t.match(Number(headers['access-control-max-age']), 600)
    t.equal(headers['access-control-allow-credentials'], undefined, 'no cookies carry authority')
  }
})

t.test('its answers can be read, errors and waiting times among them', async (t) => {
  const answers = [
    await ask(url, 'POST', '/ticket', { origin: LISTED, 'content-length': '0' }),
    await ask(url, 'GET', `/ticket/${ticket.scene}`, {
      origin: LISTED,
      authorization: `Bearer ${ticket.secret}`,
    }),
    await ask(url, 'GET', `/ticket/${ticket.scene}`, { origin: LISTED }),
    await ask(url, 'GET', `/ticket/${'A1'.repeat(11)}`, { origin: LISTED }),
    await ask(url, 'GET', `/ticket/${ticket.scene}/qrcode`, { origin: LISTED }),
    await ask(url, 'GET', `/ticket/${ticket.scene}/link`, { origin: LISTED }),
  ]
  t.strictSame(
    answers.map(({ status }) => status),
    [201, 200, 401, 404, 200, 200],
  )
  for (const { headers } of answers) {
    t.equal(headers['access-control-allow-origin'], LISTED)
    t.equal(headers['vary'], '*', 'which is more than Origin')
    const exposed = list(headers['access-control-expose-headers'])
    t.ok(exposed.includes('location') && exposed.includes('retry-after'))
  }
})

t.test('so can a refusal for too many calls', async (t) => {
  const busy = await startApp(t, {
    databaseUrl: await postgresUrl(t),
    corsOrigins: [LISTED],
    rates: { create: 1, phone: 1 },
  })
  const headers = { origin: LISTED, 'content-length': '0' }
  await ask(busy.url, 'POST', '/ticket', headers)
  const answer = await ask(busy.url, 'POST', '/ticket', headers)
  t.equal(answer.status, 429)
  t.match(answer.headers, { 'access-control-allow-origin': LISTED, 'retry-after': /^\d+$/ })
})

t.test('every page may load the element, and no cache can hold it wrongly', async (t) => {
  for (const base of [url, closed.url]) {
    for (const origin of [undefined, LISTED, ...OTHERS]) {
      const { status, headers } = await ask(base, 'GET', '/widget.js', {
        ...(origin && { origin }),
      })
      t.equal(status, 200)
      t.equal(headers['access-control-allow-origin'], '*', `${origin}`)
      t.equal(headers['vary'], 'accept-encoding', 'one answer for all origins')
      t.equal(headers['cross-origin-resource-policy'], 'cross-origin')
      t.equal(headers['content-type'], 'text/javascript; charset=utf-8')
      t.equal(headers['cache-control'], 'public, max-age=600, stale-while-revalidate=86400')
    }
  }
  for (const path of ['/', '/page.js', '/page.css', '/sandbox/demo.js']) {
    const answer = await ask(url, 'GET', path, { origin: LISTED })
    t.equal(answer.headers['access-control-allow-origin'], undefined, path)
    t.equal(answer.headers['cross-origin-resource-policy'], 'same-origin', path)
  }
})

t.test('any other origin is given nothing', async (t) => {
  for (const origin of OTHERS) {
    for (const [method, path] of browserCalls.slice(0, 2)) {
      const asked = await preflight(url, path, origin, method)
      t.equal(asked.headers['access-control-allow-origin'], undefined, origin)
      const answer = await ask(url, 'GET', path, { origin })
      t.equal(answer.headers['access-control-allow-origin'], undefined, origin)
    }
  }
})

t.test('the list is for the calls of a browser alone', async (t) => {
  for (const [method, path] of [
    ['POST', `/ticket/${ticket.scene}/scan`],
    ['POST', `/ticket/${ticket.scene}/deny`],
    ['POST', '/login'],
    ['GET', '/readyz'],
    ['POST', '/sandbox/wx-login'],
    ['GET', '/nothing'],
    ['GET', '/widget.jsx'],
  ] as const) {
    const { status, headers } = await preflight(url, path, LISTED, method)
    t.equal(headers['access-control-allow-origin'], undefined, `preflight of ${path}: ${status}`)
    const answer = await ask(url, method, path, { origin: LISTED, 'content-length': '0' })
    t.equal(answer.headers['access-control-allow-origin'], undefined, path)
  }
})

t.test(
  'without a list there is no sharing at all, but of the public keys and the element',
  async (t) => {
    for (const [method, path] of browserCalls) {
      const answer = await preflight(closed.url, path, LISTED, method)
      t.equal(answer.status, 405)
      t.notMatch(Object.keys(answer.headers).join(), 'access-control')
    }
    const keys = await ask(closed.url, 'GET', '/.well-known/jwks.json', { origin: OTHERS[0] ?? '' })
    t.equal(keys.headers['access-control-allow-origin'], '*')
  },
)

t.test('in the list an asterisk in the place of a port stands for every port', async (t) => {
  const home = await startApp(t, {
    databaseUrl,
    corsOrigins: ['http://localhost:*', 'http://127.0.0.1:*'],
  })
  const post = async (origin: string) => {
    const answer = await ask(home.url, 'POST', '/ticket', { origin, 'content-length': '0' })
    return [answer.status, answer.headers['access-control-allow-origin']]
  }
  for (const origin of ['http://localhost', 'http://localhost:5173', 'http://127.0.0.1:8080']) {
    t.same(await post(origin), [201, origin])
    const asked = await preflight(home.url, `/ticket/${ticket.scene}`, origin, 'GET')
    t.equal(asked.headers['access-control-allow-origin'], origin)
  }
  for (const origin of [
    'https://localhost:5173',
    'http://localhost.evil.example',
    'http://localhost:5173.evil.example',
    'http://evil.example:5173',
    'http://localhost:5173:80',
    'null',
  ]) {
    t.same(await post(origin), [403, undefined], origin)
  }
})

t.test('a page that may not call can read why, and nothing else', async (t) => {
  const { host } = new URL(url)
  const alive = async (origin?: string) =>
    rawHttp(
      url,
      `GET /livez HTTP/1.1\r\nHost: ${host}\r\n${origin ? `Origin: ${origin}\r\n` : ''}\r\n`,
    )
  for (const origin of [undefined, LISTED, `http://${host}`, url]) {
    t.match(await alive(origin), { status: 200, body: '{"status":"ok"}' })
  }
  for (const origin of OTHERS) {
    t.match(await alive(origin), {
      status: 200,
      headers: { 'access-control-allow-origin': '*' },
      body: '{"status":"ok","code":"ORIGIN_NOT_ALLOWED"}',
    })
  }
})
