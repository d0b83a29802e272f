import { decodeProtectedHeader, type JWTPayload } from 'jose'
import { sql } from 'kysely'
import { calculatePKCECodeChallenge } from 'openid-client'
import t, { type Test } from 'tap'
import { call, type Json } from '../fixtures/network/client.ts'
import { registerApp } from '../fixtures/oidc/app-row.ts'
import { startCertifiedApp } from '../fixtures/oidc/certified-app.ts'
import { codeOf, startStage } from '../fixtures/oidc/stage.ts'

/**
 * What the basic certification plan of the OpenID Foundation asks, module by module under its name. The
 * whole plan wants a browser that is remembered; four modules differ without.
 */

const NONCE = 'n-0123456789'
const VERIFIER = 'v'.repeat(64)
const FORM = { 'content-type': 'application/x-www-form-urlencoded' }

for (const ssoMinutes of [60, 0]) {
  const remembers = ssoMinutes > 0
  t.test(`the basic plan, OIDC_SSO_MINUTES=${ssoMinutes}`, async (t) => {
    const app = await startCertifiedApp(t, { ssoMinutes, nonce: NONCE })
    const { issuer, db, authorizeUrl, browser, discovery, keys } = app
    const { signIn, redeem, token, read, userinfo, errorOf } = app

    /** Whatever the app asks, somebody signs in, and the app's nonce comes back. */
    const succeeds = (params: Record<string, string>) => async (t: Test) => {
      const { claims, tokens } = await signIn(params)
      t.equal(claims['nonce'], NONCE)
      t.equal((await userinfo(tokens.access_token)).body.sub, claims.sub)
    }
    const scope = (named: string, claimed: string[]) => async (t: Test) => {
      const { tokens, claims } = await signIn({ scope: named })
      const { body } = await userinfo(tokens.access_token)
      t.equal(body.sub, claims.sub)
      t.same(Object.keys(body).sort(), ['sub', ...claimed].sort())
    }

    const profile = ['name', 'preferred_username', 'updated_at']
    const email = ['email', 'email_verified']
    const modules: Record<string, (t: Test) => Promise<unknown>> = {
      async 'oidcc-server'(t) {
        const { tokens, claims, callback } = await signIn()
        t.match(tokens, { token_type: 'Bearer', expires_in: 3600, access_token: String })
        t.equal(callback.searchParams.get('iss'), issuer)
        t.equal(claims['nonce'], NONCE)
        t.ok(Number(claims.exp) > Number(claims.iat))
      },
      async 'oidcc-response-type-missing'(t) {
        const url = new URL(authorizeUrl())
        url.searchParams.delete('response_type')
        const { headers } = await browser().open(String(url))
        const back = new URL(headers.get('location') ?? '')
        t.equal(back.origin + back.pathname, app.registered.redirectUri)
        t.equal(back.searchParams.get('error'), 'invalid_request')
        t.equal(back.searchParams.get('state'), url.searchParams.get('state'))
      },
      async 'oidcc-idtoken-signature'(t) {
        const { alg, kid } = decodeProtectedHeader((await signIn()).tokens.id_token)
        t.equal(alg, 'RS256')
        t.match(
          keys.keys.find((key: Json) => key.kid === kid),
          { kty: 'RSA', alg, use: 'sig' },
        )
      },
      async 'oidcc-idtoken-unsigned'(t) {
        t.notOk(discovery.id_token_signing_alg_values_supported.includes('none'), 'is skipped')
      },
      async 'oidcc-userinfo-get, -post-header, -post-body'(t) {
        const { tokens, claims } = await signIn()
        const bearer = { authorization: `Bearer ${tokens.access_token}` }
        const body = `access_token=${tokens.access_token}`
        for (const init of [
          { headers: bearer },
          { method: 'POST', headers: bearer },
          { method: 'POST', headers: FORM, body },
        ]) {
          const answer = await userinfo('', init)
          t.match(answer, { status: 200, body: { sub: claims.sub } })
          t.match(answer.headers.get('content-type'), /^application\/json/)
        }
      },
      async 'oidcc-ensure-request-without-nonce-succeeds-for-code-flow'(t) {
        const callback = await browser().signIn(authorizeUrl())
        const { body } = await redeem(codeOf(callback))
        t.notOk('nonce' in (await read(body.id_token)))
      },
      'oidcc-scope-profile': scope('openid profile', profile),
      'oidcc-scope-email': scope('openid email', email),
      'oidcc-scope-address': scope('openid address', []),
      'oidcc-scope-phone': scope('openid phone', []),
      'oidcc-scope-all': scope('openid profile email address phone', [...profile, ...email]),
      'oidcc-ensure-other-scope-order-succeeds': scope('email openid', email),
      'oidcc-display-page': succeeds({ display: 'page' }),
      'oidcc-display-popup': succeeds({ display: 'popup' }),
      async 'oidcc-prompt-login'(t) {
        const { person, claims } = await signIn()
        const again = await signIn({ prompt: 'login' }, person)
        t.equal(again.claims.sub, claims.sub)
        t.ok(Number(again.claims['auth_time']) >= Number(claims['auth_time']))
      },
      async 'oidcc-prompt-none-not-logged-in'(t) {
        t.equal(await errorOf(browser(), { prompt: 'none' }), 'login_required')
      },
      async 'oidcc-prompt-none-logged-in'(t) {
        const { person, claims } = await signIn()
        if (!remembers) {
          return t.equal(await errorOf(person, { prompt: 'none' }), 'login_required')
        }
        const again = await signIn({ prompt: 'none' }, person, false)
        return t.same(only(again.claims), only(claims))
      },
      async 'oidcc-max-age-1'(t) {
        const { person, claims } = await signIn()
        await sql`
          update oidc_records
          set payload = payload || jsonb_build_object('loginTs', (payload ->> 'loginTs')::int - 2)
          where model = 'Session'
        `.execute(db)
        const again = await signIn({ max_age: '1' }, person)
        t.equal(again.claims.sub, claims.sub)
        t.ok(Number(again.claims['auth_time']) >= Number(claims['auth_time']))
      },
      async 'oidcc-max-age-10000'(t) {
        const { person, claims } = await signIn()
        const again = await signIn({ max_age: '10000' }, person, !remembers)
        t.equal(again.claims.sub, claims.sub)
        if (remembers) t.same(only(again.claims), only(claims))
      },
      'oidcc-ensure-request-with-unknown-parameter-succeeds': succeeds({ extra: 'foobar' }),
      async 'oidcc-id-token-hint'(t) {
        const { person, tokens, claims } = await signIn()
        const hinted = { prompt: 'none', id_token_hint: tokens.id_token as string }
        if (!remembers) return t.equal(await errorOf(person, hinted), 'login_required')
        return t.same(only((await signIn(hinted, person, false)).claims), only(claims))
      },
      'oidcc-login-hint': succeeds({ login_hint: 'buffy@rp.example' }),
      'oidcc-ui-locales': succeeds({ ui_locales: 'se' }),
      'oidcc-claims-locales': succeeds({ claims_locales: 'se' }),
      'oidcc-ensure-request-with-acr-values-succeeds': succeeds({ acr_values: '1 2' }),
      async 'oidcc-codereuse'(t) {
        const { callback } = await signIn()
        const again = await redeem(codeOf(callback))
        t.match(again, { status: 400, body: { error: 'invalid_grant' } })
      },
      async 'oidcc-codereuse-30seconds'(t) {
        const { callback, tokens } = await signIn()
        await sql`
          update oidc_records set consumed_at = consumed_at - interval '31 seconds'
        `.execute(db)
        t.equal((await redeem(codeOf(callback))).status, 400)
        t.equal((await userinfo(tokens.access_token)).status, 401, 'what it gave is void')
      },
      async 'oidcc-ensure-registered-redirect-uri'(t) {
        const answer = await browser().open(authorizeUrl({ redirect_uri: `${issuer}/elsewhere` }))
        t.equal(answer.status, 400)
        t.equal(answer.headers.get('location'), null)
        t.match(answer.body, /<html/)
      },
      async 'oidcc-ensure-post-request-succeeds'(t) {
        const person = browser()
        const [path, query] = authorizeUrl({ nonce: NONCE }).split('?') as [string, string]
        const posted = await person.open(path, { method: 'POST', body: query, headers: FORM })
        t.equal(posted.status, 303)
        const callback = await person.signIn(new URL(posted.headers.get('location') ?? '', issuer))
        const { body } = await redeem(codeOf(callback))
        t.equal((await read(body.id_token))['nonce'], NONCE)
      },
      async 'oidcc-server-client-secret-post'(t) {
        const { status, body } = await app.redeemByPost(
          codeOf(await browser().signIn(authorizeUrl())),
        )
        t.equal(status, 200)
        t.ok(await read(body.id_token))
      },
      async 'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported'(t) {
        const part = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url')
        const request = `${part({ alg: 'none' })}.${part({ scope: 'openid' })}.`
        t.equal(await errorOf(browser(), { request }), 'request_not_supported')
        t.not(discovery.request_parameter_supported, true)
      },
      async 'oidcc-ensure-request-object-with-redirect-uri'(t) {
        const request_uri = 'https://shop.example/request.jwt'
        t.equal(await errorOf(browser(), { request_uri }), 'request_uri_not_supported')
        t.equal(discovery.request_uri_parameter_supported, false, 'is skipped')
      },
      async 'oidcc-claims-essential'(t) {
        const claims = JSON.stringify({ userinfo: { name: { essential: true } } })
        const { tokens } = await signIn({ scope: 'openid', claims })
        t.type((await userinfo(tokens.access_token)).body.name, 'string')
      },
      async 'oidcc-refresh-token'(t) {
        const { tokens, claims } = await signIn()
        const form = { grant_type: 'refresh_token', refresh_token: tokens.refresh_token as string }
        const stolen = await token(form, await registerApp(db, { refresh: true }))
        t.match(stolen, { status: 400, body: { error: 'invalid_grant' } })
        const { body } = await token(form)
        t.not(body.access_token, tokens.access_token)
        t.same(only(await read(body.id_token)), only(claims))
      },
      async 'oidcc-ensure-request-with-valid-pkce-succeeds'(t) {
        const challenge = await calculatePKCECodeChallenge(VERIFIER)
        const pkce = { code_challenge: challenge, code_challenge_method: 'S256' }
        const code = async () => codeOf(await browser().signIn(authorizeUrl(pkce)))
        t.equal((await redeem(await code(), { code_verifier: VERIFIER })).status, 200)
        t.equal((await redeem(await code(), { code_verifier: `${VERIFIER}x` })).status, 400)
        t.equal((await redeem(await code())).status, 400)
      },
    }
    for (const [name, check] of Object.entries(modules)) await t.test(name, check)
  })
}

/** What must stay the same of a person who did not sign in anew. */
const only = ({ iss, sub, aud, auth_time }: JWTPayload & { auth_time?: number }) => ({
  iss,
  sub,
  aud,
  auth_time,
})

t.test('the plan of the configuration: what discovery says', async (t) => {
  const publicUrl = 'https://login.example.com'
  const { urls } = await startStage(t, { publicUrl })
  const { body } = await call(`${urls[0]}/.well-known/openid-configuration`)
  t.equal(body.issuer, publicUrl)
  for (const [name, value] of Object.entries(body as Record<string, unknown>)) {
    if (/_endpoint$|_uri$/.test(name)) t.ok(String(value).startsWith(`${publicUrl}/`), name)
  }
  t.match(body, {
    response_types_supported: ['code'],
    subject_types_supported: ['public'],
    grant_types_supported: ['authorization_code', 'refresh_token', String],
    token_endpoint_auth_methods_supported: ['client_secret_basic', 'client_secret_post', 'none'],
    code_challenge_methods_supported: ['S256'],
    claims_parameter_supported: true,
    authorization_response_iss_parameter_supported: true,
  })
  t.ok(body.id_token_signing_alg_values_supported.includes('RS256'))
  for (const claim of ['sub', 'name', 'email']) t.ok(body.claims_supported.includes(claim), claim)
  const { body: jwks } = await call(`${urls[0]}/.well-known/jwks.json`)
  for (const key of jwks.keys) t.notOk('d' in key, 'public keys alone')
})
