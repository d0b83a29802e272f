import { sql } from 'kysely'
import t from 'tap'
import { call, clientOf } from '../fixtures/network/client.ts'
import { codeOf, startStage } from '../fixtures/oidc/stage.ts'
import { pgliteUrl } from '../fixtures/postgres/database.ts'

t.test('sign-ins and devices work on the embedded database as well', async (t) => {
  const { db, app, issuer, browser, authorizeUrl, redeem, post } = await startStage(t, {
    databaseUrl: pgliteUrl(t),
    app: { device: true, public: true, homeUrl: 'https://shop.example/' },
  })
  const html = { headers: { accept: 'text/html', 'accept-language': 'en' } }

  const person = browser()
  const challenge = {
    code_challenge: 'A'.repeat(43),
    code_challenge_method: 'S256',
  }
  const callback = await person.signIn(authorizeUrl(challenge))
  t.match(await redeem(codeOf(callback)), { status: 400, body: { error: 'invalid_grant' } })
  const uid = await person.begin(authorizeUrl(challenge))
  t.equal((await person.open(`/sign-in/${uid}`)).status, 200)
  await sql`update oidc_records set expires_at = now() where model = 'Interaction'`.execute(db)
  const over = await person.open(`/sign-in/${uid}`, html)
  t.equal(over.status, 410)
  t.match(over.body, 'https://shop.example/')

  const { body: device } = await post('/oidc/device_authorization', {
    client_id: app.id,
    scope: 'openid',
  })
  const page = async () => (await call(device.verification_uri_complete as string, html)).body
  t.match(await page(), 'just now')
  const { body: ticket } = await call(`${issuer}/d/${device.user_code}/ticket`, { method: 'POST' })
  const { login } = clientOf(issuer)
  t.equal((await login(ticket, 'alice')).status, 200)
  t.match(await page(), 'The device is signed in')
  const tokens = await post('/oidc/token', {
    grant_type: 'urn:ietf:params:oauth:grant-type:device_code',
    device_code: device.device_code,
    client_id: app.id,
  })
  t.ok(tokens.body.id_token)
})
