import { sql } from 'kysely'
import t from 'tap'
import { startApp } from '../fixtures/app.ts'
import { call } from '../fixtures/network/client.ts'
import { rawHttp } from '../fixtures/network/raw-http.ts'
import { registerApp } from '../fixtures/oidc/app-row.ts'

const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

t.test('the paths of OpenID Connect', async (t) => {
  const { url, db } = await startApp(t, { oidc: {} })
  const app = await registerApp(db, { refresh: true })
  const basic = `Basic ${Buffer.from(`${app.id}:${app.secret}`).toString('base64')}`
  const post = (path: string, body: string | ReadableStream, headers: object = {}) =>
    call(`${url}${path}`, {
      method: 'POST',
      body,
      headers: { ...FORM, ...headers },
      ...({ duplex: 'half', redirect: 'manual' } as object),
    })

  t.test('discovery names what there is, at both places', async (t) => {
    for (const name of ['openid-configuration', 'oauth-authorization-server']) {
      const { status, body, headers } = await call(`${url}/.well-known/${name}`)
      t.equal(status, 200)
      t.match(body, {
        issuer: url,
        authorization_endpoint: `${url}/oidc/authorize`,
        token_endpoint: `${url}/oidc/token`,
        jwks_uri: `${url}/.well-known/jwks.json`,
        device_authorization_endpoint: `${url}/oidc/device_authorization`,
        id_token_signing_alg_values_supported: ['RS256', 'ES256'],
      })
      t.match(headers.get('content-type'), /^application\/json/)
      t.equal(headers.get('x-content-type-options'), 'nosniff')
      t.equal(headers.get('cache-control'), 'no-store')
    }
  })

  t.test('what a caller says of host and scheme changes nothing', async (t) => {
    const hostile = { 'x-forwarded-host': 'evil.example', 'x-forwarded-proto': 'https' }
    const { body } = await call(`${url}/.well-known/openid-configuration`, { headers: hostile })
    t.notMatch(JSON.stringify(body), /evil/)
    t.equal(body.token_endpoint, `${url}/oidc/token`)
  })

  t.test('a browser is sent to the page of its sign-in, with cookies for its paths', async (t) => {
    const query = new URLSearchParams({
      client_id: app.id,
      redirect_uri: app.redirectUri,
      response_type: 'code',
      scope: 'openid',
      state: 's1',
    })
    const { status, headers } = await call(`${url}/oidc/authorize?${query}`)
    t.equal(status, 303)
    const location = headers.get('location') ?? ''
    t.match(location, /^\/sign-in\/[\w-]{43}$/)
    const cookies = headers.getSetCookie()
    t.match(cookies[0], new RegExp(`^scenepass_interaction=.*; path=${location};.*httponly`, 'i'))
    t.match(cookies[1], /^scenepass_resume=.*; path=\/oidc\/authorize\/[\w-]{43};.*httponly/i)
    t.equal(cookies.length, 2)

    const posted = await post('/oidc/authorize', `${query}`)
    t.equal(posted.status, 303)
    t.equal(posted.headers.get('location'), `/oidc/authorize?${query}`)
  })

  t.test(
    'an address that is not registered is a page, in the language of its reader',
    async (t) => {
      for (const redirectUri of ['https://evil.example', `${app.redirectUri}/`]) {
        const query = `client_id=${app.id}&response_type=code&scope=openid&redirect_uri=${redirectUri}`
        const ask = (headers: Record<string, string>) =>
          call(`${url}/oidc/authorize?${query}`, { headers })
        const html = await ask({ accept: 'text/html', 'accept-language': 'zh-CN' })
        t.equal(html.status, 400)
        t.match(html.body, /地址不符/)
        t.match(html.headers.get('content-security-policy'), /frame-ancestors 'none'/)
        t.equal(html.headers.get('referrer-policy'), 'no-referrer')
        const english = await ask({ accept: 'text/html', 'accept-language': 'en' })
        t.match(english.body, /Wrong address/)
        t.match((await ask({ accept: '*/*' })).body, { error: 'invalid_redirect_uri' })
      }
    },
  )

  t.test('what is no answerable request is a 4xx', async (t) => {
    const big = `grant_type=refresh_token&refresh_token=${'x'.repeat(17_000)}`
    t.equal((await post('/oidc/token', big)).status, 413)
    const stream = new Blob([big]).stream()
    t.equal((await post('/oidc/token', stream)).status, 413, 'chunked, too')
    t.equal((await post('/oidc/token', '{}', { 'content-type': 'application/json' })).status, 400)
    const twice = 'grant_type=refresh_token&grant_type=refresh_token&refresh_token=x'
    t.equal((await post('/oidc/token', twice, { authorization: basic })).status, 400)
    t.equal((await post('/oidc/token', 'grant_type=x', { authorization: 'Basic ?' })).status, 400)
    const form = 'grant_type=refresh_token&refresh_token=x'
    const both = [basic, 'Basic bm90Om1pbmU='].map((value) => `Authorization: ${value}`)
    for (const lines of [both, both.toReversed()]) {
      const { status } = await rawHttp(
        url,
        `POST /oidc/token HTTP/1.1\r\nHost: x\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: ${form.length}\r\n${lines.join('\r\n')}\r\n\r\n${form}`,
      )
      t.ok(status >= 400 && status < 500, `two Authorization headers: ${status}`)
    }
    t.equal((await post('/oidc/authorize', '{}', { 'content-type': 'text/plain' })).status, 400)
    t.equal((await call(`${url}/oidc/token`)).status, 405)
    t.equal((await call(`${url}/oidc/device`)).status, 404)
    t.equal((await call(`${url}/oidc/authorize?state=%00`)).status, 400)
    t.equal((await call(`${url}/oidc/userinfo`)).status, 401)
  })

  t.test('a wrong secret, and the stored one, open nothing', async (t) => {
    const { rows } = await sql<{ hash: string }>`
      select encode(secret_hash, 'hex') as hash from oidc_clients
    `.execute(db)
    for (const secret of ['wrong', rows[0]?.hash ?? '', '']) {
      const answer = await post(
        '/oidc/introspect',
        `token=x&client_id=${app.id}&client_secret=${secret}`,
      )
      t.equal(answer.status, 401)
      t.notOk('active' in answer.body)
    }
    const right = `token=x&client_id=${app.id}&client_secret=${app.secret}`
    t.match(await post('/oidc/introspect', right), { status: 200, body: { active: false } })
  })
})

t.test('nothing of it is there where it is off', async (t) => {
  const { url } = await startApp(t)
  for (const path of ['/.well-known/openid-configuration', '/oidc/authorize', '/oidc/token']) {
    t.match(await call(`${url}${path}`), { status: 404, body: { code: 'NOT_FOUND' } })
  }
})
