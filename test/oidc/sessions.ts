import { sql } from 'kysely'
import t from 'tap'
import { codeOf, startStage } from '../fixtures/oidc/stage.ts'

const GOODBYE = 'https://shop.example/bye'
const row = { refresh: true, postLogoutRedirectUris: [GOODBYE] }

t.test('no browser is remembered by default', async (t) => {
  const { browser, authorizeUrl, issuer, redeem } = await startStage(t, { app: row })
  const person = browser()
  const callback = await person.signIn(authorizeUrl())
  t.same(person.jar.all(), [])
  await person.begin(authorizeUrl())
  const silent = await person.open(authorizeUrl({ prompt: 'none' }))
  t.match(silent.headers.get('location'), /error=login_required/)
  for (const prompt of ['login', 'consent', 'select_account', 'login consent']) {
    t.ok(codeOf(await person.signIn(authorizeUrl({ prompt, max_age: '0' }))), prompt)
  }
  const claims = JSON.stringify({
    id_token: { acr: { essential: true, values: ['urn:scenepass:acr:none-such'] } },
  })
  const tooMuch = await person.open(authorizeUrl({ claims }))
  t.match(tooMuch.headers.get('location'), /error=unmet_authentication_requirements/)

  const { body } = await redeem(codeOf(callback))
  const query = new URLSearchParams({
    id_token_hint: body.id_token,
    post_logout_redirect_uri: GOODBYE,
    state: 'b1',
  })
  const page = await person.open(`${issuer}/oidc/logout?${query}`)
  t.match(page.body, /name="logout" value="yes"/, 'a form that sends itself')
  t.match(page.headers.get('content-security-policy'), /script-src 'self' 'sha256-/)
  t.equal(await signOut(person, issuer, page.body), `${GOODBYE}?state=b1`)
})

t.test('a browser that is remembered need not scan again', async (t) => {
  const { browser, authorizeUrl, issuer, redeem, db } = await startStage(t, {
    app: row,
    oidc: { ssoMinutes: 60 },
  })
  const person = browser()
  const { body } = await redeem(codeOf(await person.signIn(authorizeUrl())))
  t.match(person.jar.all(), [{ name: 'scenepass_session', path: '/oidc' }])
  for (const more of [{}, { prompt: 'none' }, { max_age: '10000' }] as Record<string, string>[]) {
    const { headers } = await person.open(authorizeUrl(more))
    t.ok(codeOf(new URL(headers.get('location') ?? '')), JSON.stringify(more))
  }
  const hinted = authorizeUrl({ prompt: 'none', id_token_hint: body.id_token })
  t.ok(codeOf(new URL((await person.open(hinted)).headers.get('location') ?? '')))
  await person.begin(authorizeUrl({ prompt: 'login' }))

  t.test('another person at the same browser takes the first one’s place', async (t) => {
    const uid = await person.begin(authorizeUrl({ prompt: 'login' }))
    const finished = await person.finish(uid, await person.scan(uid, 'bob'))
    const page = await person.open(finished.body.redirect_to)
    t.match(page.body, /xsrf/)
    const { rows } = await sql<{ all: string }>`
      select string_agg(oidc_records::text, ' ') as all from oidc_records
    `.execute(db)
    t.notOk(rows[0]?.all.includes(uid), 'no row says where that goes on')
    const back = await signOut(person, issuer, page.body)
    const again = await redeem(codeOf(await person.resume(back)))
    t.ok(again.body.id_token)
  })

  t.test('it is asked before it is signed out', async (t) => {
    const page = await person.open(`${issuer}/oidc/logout`, {
      headers: { 'accept-language': 'zh-CN' },
    })
    t.match(page.body, /要退出登录吗/)
    t.notMatch(page.body, /<style|style=|onclick/)
    const done = await signOut(person, issuer, page.body)
    t.match((await person.open(done)).body, /Signed out|已退出登录/)
    await person.begin(authorizeUrl())
  })
})

type Person = Pick<ReturnType<Awaited<ReturnType<typeof startStage>>['browser']>, 'open'>

/** Sends the form of a page. @returns where it leads */
async function signOut(person: Person, issuer: string, html: unknown): Promise<string> {
  const xsrf = /name="xsrf" value="([^"]+)"/.exec(String(html))?.[1] ?? ''
  const { headers } = await person.open(`${issuer}/oidc/logout/confirm`, {
    method: 'POST',
    body: new URLSearchParams({ xsrf, logout: 'yes' }).toString(),
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })
  return headers.get('location') ?? ''
}
