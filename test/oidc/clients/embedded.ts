import * as client from 'openid-client'
import t from 'tap'
import { startRealService } from '../../fixtures/oidc/real-service.ts'

t.test('the command and the service on the embedded database', async (t) => {
  const { add, start, issuer, person } = await startRealService(t, { embedded: true })
  // The command has the folder to itself, so the service is not there yet.
  const redirect = ['--redirect', 'https://shop.example/callback']
  const { id, secret } = await add('--name', 'Shop', ...redirect, '--refresh', '--device')
  await start()
  const config = await client.discovery(new URL(issuer), id, secret ?? '', undefined, {
    execute: [client.allowInsecureRequests],
  })

  const browser = person()
  const [state, nonce] = [client.randomState(), client.randomNonce()]
  const query = { redirect_uri: 'https://shop.example/callback', scope: 'openid', state, nonce }
  const callback = await browser.signIn(client.buildAuthorizationUrl(config, query))
  const checks = { expectedState: state, expectedNonce: nonce }
  const tokens = await client.authorizationCodeGrant(config, callback, checks)
  const { sub = '' } = tokens.claims() ?? {}
  t.match(await client.fetchUserInfo(config, tokens.access_token, sub), { sub })
  const again = await client.refreshTokenGrant(config, tokens.refresh_token ?? '')
  t.match(await client.tokenIntrospection(config, again.access_token), { active: true, sub })
  await t.rejects(client.authorizationCodeGrant(config, callback, checks))
  t.match(await client.tokenIntrospection(config, again.access_token), { active: false })

  const device = await client.initiateDeviceAuthorization(config, { scope: 'openid' })
  const polling = client.pollDeviceAuthorizationGrant(config, device)
  await person().approve(device.user_code)
  t.equal((await polling).claims()?.sub, sub)
})
