import * as client from 'openid-client'
import t from 'tap'
import { startRealService } from '../../fixtures/oidc/real-service.ts'

/** openid-client as the guide shows it, with the client that the sandbox has without any set-up. */

const service = await startRealService(t)
await service.start()
const { issuer, person } = service
const config = await client.discovery(new URL(issuer), 'sandbox', undefined, client.None(), {
  execute: [client.allowInsecureRequests],
})

t.test('code and PKCE to any port of this machine, userinfo, refresh, revocation', async (t) => {
  const verifier = client.randomPKCECodeVerifier()
  const [state, nonce] = [client.randomState(), client.randomNonce()]
  const authorize = client.buildAuthorizationUrl(config, {
    redirect_uri: 'http://127.0.0.1:49152/callback',
    scope: 'openid profile',
    state,
    nonce,
    code_challenge: await client.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  })
  const callback = await person().signIn(authorize)
  t.equal(callback.port, '49152')
  const tokens = await client.authorizationCodeGrant(config, callback, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  })
  const { sub = '' } = tokens.claims() ?? {}
  const userinfo = await client.fetchUserInfo(config, tokens.access_token, sub)
  t.match(userinfo, { sub, name: /^微信用户 /, preferred_username: `wx-${sub.slice(0, 8)}` })
  const again = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
  t.equal(again.claims()?.sub, sub)
  await client.tokenRevocation(config, again.access_token)
  const refused = client.fetchUserInfo(config, again.access_token, sub)
  t.match(await refused.catch((error: unknown) => error), { status: 401 })
})

t.test('a person who gives up is an error of the app’s', async (t) => {
  const state = client.randomState()
  const verifier = client.randomPKCECodeVerifier()
  const browser = person()
  const uid = await browser.begin(
    client.buildAuthorizationUrl(config, {
      redirect_uri: 'http://localhost:8080/callback',
      scope: 'openid',
      state,
      code_challenge: await client.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
    }),
  )
  const { body } = await browser.giveUp(uid)
  const callback = await browser.resume(body.redirect_to)
  const checks = { pkceCodeVerifier: verifier, expectedState: state }
  const refused = client.authorizationCodeGrant(config, callback, checks)
  t.match(await refused.catch((error: unknown) => error), { error: 'access_denied' })
})

t.test('a device: it shows the code, waits, and has its tokens', async (t) => {
  const device = await client.initiateDeviceAuthorization(config, { scope: 'openid profile' })
  t.equal(device.verification_uri_complete, `${issuer}/d/${device.user_code}`)
  const polling = client.pollDeviceAuthorizationGrant(config, device)
  await person('bob').approve(device.user_code)
  const tokens = await polling
  const { sub = '' } = tokens.claims() ?? {}
  t.match(await client.fetchUserInfo(config, tokens.access_token, sub), { sub })
  t.ok((await client.refreshTokenGrant(config, tokens.refresh_token ?? '')).access_token)
})
