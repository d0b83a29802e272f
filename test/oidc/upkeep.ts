import { sql } from 'kysely'
import { calculatePKCECodeChallenge } from 'openid-client'
import t from 'tap'
import { call } from '../fixtures/network/client.ts'
import { codeOf, startStage } from '../fixtures/oidc/stage.ts'

const VERIFIER = 'v'.repeat(43)
const CHALLENGE = await calculatePKCECodeChallenge(VERIFIER)

t.test('two tabs that refresh at once both live; a stolen token ends the family', async (t) => {
  const { browser, authorizeUrl, redeem, post, app, db } = await startStage(t, {
    instances: 2,
    app: { refresh: true, public: true, redirectUris: ['com.example.app:/cb'] },
  })
  const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' }
  const code = codeOf(await browser().signIn(authorizeUrl(pkce)))
  t.equal((await redeem(code)).status, 400, 'not without its verifier')
  const { body } = await post('/oidc/token', {
    grant_type: 'authorization_code',
    code: codeOf(await browser().signIn(authorizeUrl(pkce))),
    redirect_uri: app.redirectUri,
    client_id: app.id,
    code_verifier: VERIFIER,
  })
  const refresh = (token: string, instance = 0) =>
    post(
      '/oidc/token',
      { grant_type: 'refresh_token', refresh_token: token, client_id: app.id },
      instance,
    )
  const tabs = await Promise.all([0, 1].map((i) => refresh(body.refresh_token, i)))
  t.same(
    tabs.map(({ status }) => status),
    [200, 200],
  )
  await sql`
    update oidc_records set consumed_at = consumed_at - interval '31 seconds'
  `.execute(db)
  t.equal((await refresh(body.refresh_token)).body.error, 'invalid_grant')
  for (const { body: tab } of tabs) {
    t.equal((await refresh(tab.refresh_token)).body.error, 'invalid_grant')
  }
  const { headers } = await browser().open(authorizeUrl())
  t.match(headers.get('location'), /error=invalid_request/, 'PKCE is demanded of a public app')
})

t.test('pages of a public app may call, others hear nothing', async (t) => {
  const { issuer, app, browser, authorizeUrl, post } = await startStage(t, {
    app: { public: true, redirectUris: ['https://spa.example/cb'] },
  })
  const pkce = { code_challenge: CHALLENGE, code_challenge_method: 'S256' }
  const code = codeOf(await browser().signIn(authorizeUrl(pkce)))
  const { body } = await post('/oidc/token', {
    grant_type: 'authorization_code',
    code,
    redirect_uri: app.redirectUri,
    client_id: app.id,
    code_verifier: VERIFIER,
  })
  for (const origin of ['https://spa.example', 'https://evil.example', 'null']) {
    const { headers } = await call(`${issuer}/oidc/userinfo`, {
      headers: { authorization: `Bearer ${body.access_token}`, origin },
    })
    const allowed = origin === 'https://spa.example' ? origin : null
    t.equal(headers.get('access-control-allow-origin'), allowed, origin)
    const unknown = await call(`${issuer}/oidc/userinfo`, { headers: { origin } })
    t.equal(unknown.headers.get('access-control-allow-origin'), null, 'no app, no page')
  }
})
