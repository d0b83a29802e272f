import t from 'tap'
import { startApp } from '../fixtures/app.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { rawHttp } from '../fixtures/network/raw-http.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'

const SITE = 'https://www.example'
const EVIL = 'https://evil.example'
const databaseUrl = await postgresUrl(t)
const { url } = await startApp(t, {
  databaseUrl,
  corsOrigins: [SITE],
  rates: { create: 5, phone: 5 },
})
const { host } = new URL(url)

/** By hand: a browser's `fetch` does not let its caller say where it comes from. */
const post = (path: string, headers: Record<string, string>, method = 'POST') =>
  rawHttp(
    url,
    `${method} ${path} HTTP/1.1\r\nHost: ${host}\r\nContent-Length: 0\r\n${Object.entries(headers)
      .map(([name, value]) => `${name}: ${value}\r\n`)
      .join('')}\r\n`,
  )

t.test('threat 22: what a foreign page sends is refused, and counts for nothing', async (t) => {
  const foreign = [
    { origin: EVIL, 'sec-fetch-site': 'cross-site' },
    { origin: EVIL },
    { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'no-cors' },
    { origin: 'null', 'sec-fetch-site': 'cross-site' },
    { origin: `${SITE}.evil.example` },
    { origin: `http://${host}.evil.example` },
  ]
  for (let i = 0; i < 10; i++) {
    for (const headers of foreign) {
      const answer = await post('/ticket', headers)
      t.equal(answer.status, 403, JSON.stringify(headers))
      t.match(answer.body, /"code":"ORIGIN_NOT_ALLOWED"/)
      t.equal(answer.headers['access-control-allow-origin'], undefined)
    }
    for (const path of ['/login', `/ticket/${'A1'.repeat(11)}/scan`]) {
      const answer = await post(path, { origin: EVIL, 'sec-fetch-site': 'cross-site' })
      t.equal(answer.status, 403, path)
    }
  }
  t.equal((await clientOf(url).create()).scene.length >= 22, true, 'the office goes on')
  t.equal((await post('/ticket', { origin: SITE, 'sec-fetch-site': 'cross-site' })).status, 201)
})

t.test('pages that may call, and programs that are no browsers, are not meant', async (t) => {
  for (const headers of [
    { origin: SITE },
    { origin: `http://${host}`, 'sec-fetch-site': 'same-origin' },
    { 'sec-fetch-site': 'same-origin' },
    {},
  ]) {
    const app = await startApp(t, { databaseUrl: await postgresUrl(t), corsOrigins: [SITE] })
    const own = new URL(app.url).host
    const lines = Object.entries(headers).map(
      ([name, value]) => `${name}: ${value.replace(host, own)}\r\n`,
    )
    const request = `POST /ticket HTTP/1.1\r\nHost: ${own}\r\nContent-Length: 0\r\n${lines.join('')}\r\n`
    t.equal((await rawHttp(app.url, request)).status, 201, JSON.stringify(headers))
  }
})

t.test('an image of a code is for every page', async (t) => {
  const app = await startApp(t, { databaseUrl: await postgresUrl(t) })
  const { scene } = await clientOf(app.url).create()
  const request = `GET /ticket/${scene}/qrcode HTTP/1.1\r\nHost: x\r\nSec-Fetch-Site: cross-site\r\n\r\n`
  t.equal((await rawHttp(app.url, request)).status, 200)
})
