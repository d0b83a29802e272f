import { sql } from 'kysely'
import t from 'tap'
import { call } from '../../fixtures/network/client.ts'
import { audienceOf } from '../../../src/oidc/interactions.ts'
import { startStage } from '../../fixtures/oidc/stage.ts'

const EVIL = 'https://evil.example'
const SHOP = 'https://shop.example'

const stage = await startStage(t, {
  app: { name: 'Shop <b>', homeUrl: `${SHOP}/home` },
  corsOrigins: [SHOP],
  logLevel: 'trace',
})
const { db, browser, authorizeUrl, app, urls } = stage
const url = urls[0] as string

const html = (language: string) => ({ accept: 'text/html', 'accept-language': language })
const age = (seconds: number) =>
  sql`
  update oidc_records set expires_at = now() - ${seconds}::int * interval '1 second'
  where model = 'Interaction'
`.execute(db)

t.test('its page: the app’s name, an element that begins there, and nothing to keep', async (t) => {
  const person = browser()
  const uid = await person.begin(authorizeUrl())
  const { status, headers, body } = await person.open(`/sign-in/${uid}`)
  t.equal(status, 200)
  t.match(body, `begin="/sign-in/${uid}/ticket"`)
  t.match(body, 'Shop &lt;b&gt;')
  t.notMatch(body, 'Shop <b>')
  t.match(body, /不登录，返回/)
  const policy = headers.get('content-security-policy')
  t.match(policy, "script-src 'self';")
  t.match(policy, "frame-ancestors 'none'")
  t.notMatch(policy, 'unsafe')
  t.notMatch(body, / style=|<style|<script>|onclick/)
  t.equal(headers.get('x-frame-options'), 'DENY')
  t.equal(headers.get('referrer-policy'), 'no-referrer')
  t.equal(headers.get('x-content-type-options'), 'nosniff')
  t.equal(headers.get('cache-control'), 'no-store')
  t.same(headers.getSetCookie(), [], 'no cookies but the library’s')
})

t.test('it speaks the language of the app’s wish, or of the browser', async (t) => {
  for (const [wish, browserWish, lang] of [
    ['', 'en', 'en'],
    ['', 'zh-CN', 'zh-CN'],
    ['fr-FR', 'en', 'en'],
    ['en zh-CN', 'zh-CN', 'en'],
    ['fr zh-Hans', 'en', 'zh-CN'],
  ] as const) {
    const person = browser()
    const uid = await person.begin(authorizeUrl(wish ? { ui_locales: wish } : {}))
    const { body } = await person.open(`/sign-in/${uid}`, { headers: html(browserWish) })
    t.match(body, `<html lang="${lang}">`, `${wish} ${browserWish}`)
  }
})

t.test('its ticket is the app’s, for this sign-in alone', async (t) => {
  const person = browser()
  const uid = await person.begin(authorizeUrl())
  const begun = await person.open(`/sign-in/${uid}/ticket`, { method: 'POST' })
  t.equal(begun.status, 201)
  t.equal(begun.headers.get('location'), `/ticket/${begun.body.scene}`)
  t.equal(begun.headers.get('cache-control'), 'no-store')
  t.equal(begun.headers.get('vary'), '*')
  t.same(begun.headers.getSetCookie(), [])
  const { rows } = await sql`
    select client_id, site, audience, device, channel from tickets where scene = ${begun.body.scene}
  `.execute(db)
  t.same(rows, [
    {
      client_id: app.id,
      site: 'Shop <b>',
      audience: audienceOf(stage.issuer, uid),
      device: null,
      channel: 'miniprogram',
    },
  ])
  const other = await person.open(`/sign-in/${uid}/ticket`, {
    method: 'POST',
    body: JSON.stringify({ channel: 'official_account' }),
    headers: { 'content-type': 'application/json' },
  })
  t.match(other, { status: 201, body: { channel: 'official_account' } })
})

t.test('no other browser begins a ticket, and no foreign page', async (t) => {
  const person = browser()
  const uid = await person.begin(authorizeUrl())
  const cookie = person.jar.header(`/sign-in/${uid}`)
  const begin = (headers: Record<string, string>) =>
    call(`${url}/sign-in/${uid}/ticket`, { method: 'POST', headers })
  t.equal((await begin({ cookie })).status, 201)
  t.match(await begin({}), { status: 400, body: { code: 'INVALID_REQUEST' } })
  const other = await person.begin(authorizeUrl())
  t.equal((await begin({ cookie: `scenepass_interaction=${other}` })).status, 400)
  const foreign: Record<string, string>[] = [
    { origin: EVIL },
    { origin: 'null' },
    { 'sec-fetch-site': 'cross-site' },
  ]
  for (const headers of foreign) {
    for (const [method, path] of [
      ['POST', '/ticket'],
      ['POST', ''],
      ['DELETE', ''],
    ]) {
      const answer = await call(`${url}/sign-in/${uid}${path}`, {
        method: method as string,
        headers: { cookie, ...headers },
      })
      t.match(answer, { status: 403, body: { code: 'ORIGIN_NOT_ALLOWED' } })
    }
  }
  t.equal((await person.open(`/sign-in/${uid}`)).status, 200, 'and nothing came of it')
})

t.test('pages of other sites read nothing of it, not even of listed origins', async (t) => {
  const person = browser()
  const uid = await person.begin(authorizeUrl())
  for (const path of [`/sign-in/${uid}`, `/sign-in/${uid}/ticket`, '/d/BBBB-BBBB/ticket']) {
    for (const method of ['OPTIONS', 'POST']) {
      const { headers } = await call(`${url}${path}`, {
        method,
        headers: { origin: SHOP, 'access-control-request-method': 'POST' },
      })
      t.equal(headers.get('access-control-allow-origin'), null, `${method} ${path}`)
    }
  }
})

t.test('one that is over says what happened, and leads back to the app', async (t) => {
  const person = browser()
  const uid = await person.begin(authorizeUrl())
  const read = (language: string, who = person) =>
    who.open(`/sign-in/${uid}`, { headers: html(language) })
  const stranger = await read('en', browser())
  t.equal(stranger.status, 400)
  t.match(stranger.body, /begun in another browser/)
  t.notMatch(stranger.body, '<scene-pass')

  const cookie = person.jar.header(`/sign-in/${uid}`)
  await person.finish(uid, await person.confirm(uid, 'alice'))
  t.equal((await call(`${url}/sign-in/${uid}`, { headers: { cookie } })).status, 409)
  t.equal((await read('en')).status, 410)
  t.match((await read('zh')).body, /每次登录只能使用一次/)
  const begun = await call(`${url}/sign-in/${uid}/ticket`, { method: 'POST', headers: { cookie } })
  t.match(begun, { status: 409, body: { code: 'ALREADY_CONFIRMED' } })

  const late = await person.begin(authorizeUrl())
  await age(10)
  // A browser has forgotten the cookie by then.
  for (const who of [person, browser()]) {
    const { status, body, headers } = await who.open(`/sign-in/${late}`, { headers: html('en') })
    t.equal(status, 410)
    t.match(body, /has expired/)
    t.match(body, `<a href="${SHOP}/home" rel="noreferrer">`)
    t.match(body, 'Back to Shop &lt;b&gt;')
    t.match(headers.get('vary'), /accept-language/)
  }
  t.match(await call(`${url}/sign-in/${late}`), { status: 400, body: { code: 'INVALID_REQUEST' } })
  await age(3_601)
  const gone = await person.open(`/sign-in/${late}`, { headers: html('zh') })
  t.equal(gone.status, 410)
  t.match(gone.body, /本次登录已结束/)
  t.notMatch(gone.body, `${SHOP}/home`)
  for (const bad of ['short', '%00', 'x'.repeat(90)]) {
    t.equal((await person.open(`/sign-in/${bad}`)).status, 410, bad)
  }
})

t.test('an address that makes sign-ins up is slowed down', async (t) => {
  const { urls } = await startStage(t)
  const statuses: number[] = []
  for (let i = 0; i < 140; i++) {
    const uid = `${i}`.padStart(43, 'A')
    const answer = await call(`${urls[0]}/sign-in/${uid}`, {
      headers: { accept: 'text/html', cookie: `scenepass_interaction=${uid}` },
    })
    statuses.push(answer.status)
    if (answer.status === 429) t.match(answer.body, '<!doctype html>')
  }
  t.equal(statuses[0], 410)
  t.equal(statuses.at(-1), 429)
})

t.test('what fails keeps its status, on a page for people and in JSON for programs', async (t) => {
  const { db, urls, browser, authorizeUrl } = await startStage(t)
  const person = browser()
  const path = `/sign-in/${await person.begin(authorizeUrl())}`
  await sql`alter table oidc_records rename to elsewhere`.execute(db)
  const page = await person.open(path, { headers: html('en') })
  t.equal(page.status, 500)
  t.match(page.body, /Cannot be opened right now/)
  t.match(page.body, '<a href=""')
  t.match(page.headers.get('content-security-policy'), "script-src 'self'")
  t.match(await call(`${urls[0]}${path}`), { status: 500, body: { code: 'INTERNAL' } })
  await sql`alter table elsewhere rename to oidc_records`.execute(db)
  t.equal((await person.open(path)).status, 200)
})

t.test('a sign-in’s tickets count as all of an address', async (t) => {
  const { browser, authorizeUrl } = await startStage(t, { rates: { create: 3, phone: 99 } })
  const person = browser()
  const uid = await person.begin(authorizeUrl())
  const begin = async () => (await person.open(`/sign-in/${uid}/ticket`, { method: 'POST' })).status
  t.same([await begin(), await begin(), await begin()], [201, 201, 429])
})

t.test('the log at trace has patterns alone', async (t) => {
  const person = browser()
  const uid = await person.begin(authorizeUrl())
  await person.open(`/sign-in/${uid}`)
  await person.finish(uid, await person.confirm(uid, 'alice'))
  await person.open(`/sign-in/${uid}`)
  const log = stage.logged()
  t.match(log, '"path":"/sign-in/:uid/ticket"')
  t.notMatch(log, uid)
})
