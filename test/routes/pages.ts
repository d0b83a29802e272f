import t from 'tap'
import { startApp } from '../fixtures/app.ts'
import { call } from '../fixtures/client.ts'
import { postgresUrl } from '../fixtures/database.ts'

const databaseUrl = await postgresUrl(t)
const { url } = await startApp(t, { databaseUrl, site: 'Tom & <Jerry>' })
const https = await startApp(t, { databaseUrl, publicUrl: 'https://login.example', sandbox: null })

t.test('the login page has no script, style or handler of its own text', async (t) => {
  const { status, headers, body } = await call(`${url}/`)
  t.equal(status, 200)
  t.match(headers.get('content-type'), 'text/html; charset=utf-8')
  t.match(body, /<html lang="[^"]+">/)
  t.match(body, 'Tom &amp; &lt;Jerry&gt;', 'the name of the site is text')
  t.notMatch(body, '<Jerry>')
  t.notMatch(body, /<script(?![^>]*\bsrc=)|<style|\sstyle=|\son\w+=|javascript:/i)
  const parts = [...body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] as string)
  t.not(parts.length, 0)
  for (const part of parts) {
    t.match(part, /^\/[\w.-]+$/, 'nothing from elsewhere')
    const answer = await call(url + part)
    t.equal(answer.status, 200, part)
    t.match(
      answer.headers.get('content-type'),
      part.endsWith('.js') ? /^text\/javascript/ : /^text\/css/,
    )
    t.equal(answer.headers.get('x-content-type-options'), 'nosniff')
  }
})

t.test('the sandbox says on its page that it is one, the real service does not', async (t) => {
  t.match((await call(`${url}/`)).body, /sandbox/i)
  t.notMatch((await call(`${https.url}/`)).body, /sandbox/i)
  t.equal((await call(`${https.url}/sandbox/phone`)).status, 404)
})

for (const path of ['/', '/docs', '/sandbox/phone']) {
  t.test(`${path} bears the strictest headers`, async (t) => {
    const { status, headers } = await call(url + path)
    t.equal(status, 200)
    t.match(headers.get('content-type'), 'text/html')
    const policy = headers.get('content-security-policy') ?? ''
    const directives = new Map(
      policy.split(';').map((directive) => {
        const [name = '', ...values] = directive.trim().split(/\s+/)
        return [name, values.join(' ')] as const
      }),
    )
    t.equal(directives.get('frame-ancestors'), "'none'")
    t.ok(directives.has('default-src'))
    t.notMatch(policy, /unsafe-inline|unsafe-eval|\*/)
    t.equal(headers.get('referrer-policy'), 'no-referrer')
    t.equal(headers.get('x-content-type-options'), 'nosniff')
    t.equal(headers.get('strict-transport-security'), null, 'plain http must stay possible')
  })
}

t.test('browsers are told to keep to https only where it is https', async (t) => {
  for (const path of ['/', '/docs']) {
    const header = (await call(https.url + path)).headers.get('strict-transport-security')
    t.ok(Number(/max-age=(\d+)/.exec(header ?? '')?.[1]) >= 15_552_000, `${path}: ${header}`)
  }
})
