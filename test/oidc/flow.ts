import * as client from 'openid-client'
import t from 'tap'
import { SANDBOX_APPID } from '../../src/config/sandbox.ts'
import { startApp } from '../fixtures/app.ts'
import { registerApp } from '../fixtures/oidc/app-row.ts'
import { createBrowser, scanByKeyring } from '../fixtures/oidc/driver.ts'

t.test('openid-client signs people in: code and PKCE by discovery', async (t) => {
  const { url, db } = await startApp(t, { oidc: { emailDomain: 'users.example' } })
  const scan = await scanByKeyring(db, url)

  async function signIn(
    row: Parameters<typeof registerApp>[1],
    scope: string,
    more: Record<string, string> = {},
  ) {
    const app = await registerApp(db, row)
    const config = await client.discovery(
      new URL(url),
      app.id,
      { id_token_signed_response_alg: row?.idTokenAlg ?? 'RS256' },
      app.secret === null ? client.None() : client.ClientSecretBasic(app.secret),
      { execute: [client.allowInsecureRequests] },
    )
    const verifier = client.randomPKCECodeVerifier()
    const [state, nonce] = [client.randomState(), client.randomNonce()]
    const authorize = client.buildAuthorizationUrl(config, {
      redirect_uri: app.redirectUri,
      scope,
      state,
      nonce,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      ...more,
    })
    const browser = createBrowser([url], scan)
    const callback = await browser.signIn(authorize)
    t.equal(callback.searchParams.get('iss'), url)
    const tokens = await client.authorizationCodeGrant(config, callback, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    })
    return { app, config, tokens, browser, claims: tokens.claims() as client.IDToken }
  }

  t.test('a site with a secret: who it was, in id_token and userinfo', async (t) => {
    const { claims, config, tokens, browser } = await signIn({ refresh: true }, 'openid profile')
    t.match(claims, {
      iss: url,
      auth_time: Number,
      amr: ['wechat'],
      acr: 'urn:scenepass:acr:wechat-scan',
      preferred_username: `wx-${claims.sub.slice(0, 8)}`,
    })
    t.notOk('openid' in claims)
    t.same(browser.jar.all(), [], 'no cookie is left')
    const userinfo = await client.fetchUserInfo(config, tokens.access_token, claims.sub)
    t.match(userinfo, { sub: claims.sub, name: /^微信用户 / })

    t.match(await client.tokenIntrospection(config, tokens.access_token), { active: true })
    const again = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
    t.equal(again.claims()?.sub, claims.sub)
    await client.tokenRevocation(config, again.access_token)
    t.match(await client.tokenIntrospection(config, again.access_token), { active: false })
  })

  t.test('a public one, with ES256', async (t) => {
    const { claims, tokens } = await signIn({ public: true, idTokenAlg: 'ES256' }, 'openid')
    t.ok(claims.sub)
    t.equal(tokens.refresh_token, undefined)
  })

  t.test('an app hears of WeChat and of an address only where it may', async (t) => {
    const wanted = { claims: JSON.stringify({ id_token: { openid: null, email: null } }) }
    const may = await signIn({ wechat: true, placeholderEmail: true }, 'openid wechat email')
    t.match(may.claims, {
      appid: SANDBOX_APPID,
      openid: String,
      email: `${may.claims.sub}@users.example`,
      email_verified: false,
    })
    const mayNot = await signIn({}, 'openid email', wanted)
    t.notOk('openid' in mayNot.claims)
    t.notOk('email' in mayNot.claims)
    await t.rejects(signIn({}, 'openid wechat'), /invalid_scope/)
  })
})
