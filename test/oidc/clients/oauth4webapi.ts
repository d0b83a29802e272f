import * as oauth from 'oauth4webapi'
import t from 'tap'
import { startRealService } from '../../fixtures/oidc/real-service.ts'

/** oauth4webapi checks more than others: both discovery documents, `iss`, `max_age`, every claim. */

const REDIRECT = 'https://spa.example/callback'
const insecure = { [oauth.allowInsecureRequests]: true }

const service = await startRealService(t)
await service.start()
const { issuer, add, person } = service

for (const flags of [[], ['--public'], ['--public', '--es256']]) {
  t.test(`an app: ${flags.join(' ') || 'with a secret'}`, async (t) => {
    const app = ['--name', 'App', '--redirect', REDIRECT, '--refresh', ...flags]
    const { id, secret } = await add(...app)
    const client: oauth.Client = {
      client_id: id,
      id_token_signed_response_alg: flags.includes('--es256') ? 'ES256' : 'RS256',
      default_max_age: 3600,
      require_auth_time: true,
    }
    const auth = secret === null ? oauth.None() : oauth.ClientSecretPost(secret)
    for (const algorithm of ['oidc', 'oauth2'] as const) {
      const found = await oauth.discoveryRequest(new URL(issuer), { algorithm, ...insecure })
      const as = await oauth.processDiscoveryResponse(new URL(issuer), found)
      const verifier = oauth.generateRandomCodeVerifier()
      const [state, nonce] = [oauth.generateRandomState(), oauth.generateRandomNonce()]
      const query = new URLSearchParams({
        client_id: id,
        redirect_uri: REDIRECT,
        response_type: 'code',
        scope: 'openid profile',
        code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
        max_age: '3600',
        state,
        nonce,
      })
      const callback = await person().signIn(`${as.authorization_endpoint}?${query}`)
      const answer = await oauth.authorizationCodeGrantRequest(
        as,
        client,
        auth,
        oauth.validateAuthResponse(as, client, callback, state),
        REDIRECT,
        verifier,
        insecure,
      )
      const tokens = await oauth.processAuthorizationCodeResponse(as, client, answer, {
        expectedNonce: nonce,
        requireIdToken: true,
      })
      // By the published keys; it would leave that to TLS otherwise.
      await oauth.validateApplicationLevelSignature(as, answer, insecure)
      const { sub = '' } = oauth.getValidatedIdTokenClaims(tokens) ?? {}
      const told = await oauth.userInfoRequest(as, client, tokens.access_token, insecure)
      t.match(await oauth.processUserInfoResponse(as, client, sub, told), { sub })
      const token = tokens.refresh_token ?? ''
      const again = await oauth.refreshTokenGrantRequest(as, client, auth, token, insecure)
      const refreshed = await oauth.processRefreshTokenResponse(as, client, again)
      t.equal(oauth.getValidatedIdTokenClaims(refreshed)?.sub, sub)
    }
  })
}
