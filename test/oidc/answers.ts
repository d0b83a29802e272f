import { decodeJwt } from 'jose'
import t from 'tap'
import { audienceOf } from '../../src/oidc/interactions.ts'
import { call, clientOf, type Answer } from '../fixtures/network/client.ts'
import { codeOf, startStage } from '../fixtures/oidc/stage.ts'

/** Whatever is answered, nobody keeps it, frames it or sends cookies where they do not belong. */

const issuer = 'https://login.example.com'
const stage = await startStage(t, {
  publicUrl: issuer,
  oidc: { ssoMinutes: 60 },
  app: { refresh: true, device: true },
})
const { app, authorizeUrl, browser, post, redeem } = stage
const url = stage.urls[0] as string
const client = { client_id: app.id, client_secret: app.secret as string }

t.test('each answer, of the library and of ours', async (t) => {
  const person = browser()
  const seen: Record<string, Answer<unknown>> = {}
  seen['begun'] = await person.open(authorizeUrl())
  const location = seen['begun'].headers.get('location') ?? ''
  const uid = location.slice('/sign-in/'.length)
  seen['page'] = await person.open(location)
  seen['ticket'] = await person.open(`${location}/ticket`, { method: 'POST' })
  seen['refused'] = await person.finish(uid, 'rubbish')
  const finished = await person.finish(uid, await person.scan(uid, 'alice'))
  seen['finished'] = finished
  seen['resumed'] = await person.open(finished.body.redirect_to)
  seen['resumed again'] = await person.open(finished.body.redirect_to)
  seen['over'] = await person.open(location)
  seen['remembered'] = await person.open(authorizeUrl())
  seen['form_post'] = await person.open(authorizeUrl({ response_mode: 'form_post' }))
  seen['wrong address'] = await person.open(authorizeUrl({ redirect_uri: 'https://evil.example' }))
  const code = codeOf(new URL(seen['resumed'].headers.get('location') ?? ''))
  const tokens = await redeem(code)
  seen['tokens'] = tokens
  seen['no tokens'] = await redeem('rubbish')
  seen['userinfo'] = await call(`${url}/oidc/userinfo`, {
    headers: { authorization: `Bearer ${(await redeem(code)).body.access_token}` },
  })
  seen['introspection'] = await post('/oidc/introspect', { ...client, token: 'rubbish' })
  seen['revocation'] = await post('/oidc/revoke', { ...client, token: 'rubbish' })
  const device = await post('/oidc/device_authorization', { ...client, scope: 'openid' })
  seen['device'] = device
  seen['code'] = await person.open('/d')
  seen['device page'] = await person.open(`/d/${device.body.user_code}`)
  seen['no device'] = await person.open('/d/BBBB-BBBB')
  seen['logout'] = await person.open('/oidc/logout')
  seen['logged out'] = await person.open('/oidc/logout/success')
  seen['discovery'] = await call(`${url}/.well-known/openid-configuration`)

  for (const [what, { headers, body }] of Object.entries(seen)) {
    const policy = headers.get('content-security-policy') ?? ''
    t.match(policy, /frame-ancestors 'none'/, `${what}: in no frame`)
    t.notMatch(policy, /unsafe-inline|unsafe-eval/, `${what}: no script but ours`)
    t.match(headers.get('cache-control'), /no-store/, `${what}: not kept`)
    t.equal(headers.get('x-content-type-options'), 'nosniff', what)
    t.equal(headers.get('referrer-policy'), 'no-referrer', what)
    t.match(headers.get('strict-transport-security'), /max-age/, what)
    for (const cookie of headers.getSetCookie()) {
      for (const flag of [
        /; httponly/i,
        /; secure/i,
        /; samesite=lax/i,
        /; path=\/(oidc|sign-in)/i,
      ])
        t.match(cookie, flag, what)
    }
    t.notMatch(
      JSON.stringify(body ?? ''),
      /node_modules|at async/,
      `${what}: nothing of the inside`,
    )
  }
  t.equal(tokens.status, 200)
})

t.test(
  'an own sign-in knows nothing of it: no cookie, and no site takes the other’s token',
  async (t) => {
    const { create, login, poll } = clientOf(url)
    const ticket = await create()
    await login(ticket, 'alice')
    const { headers, body } = await poll(ticket)
    t.same(headers.getSetCookie(), [])
    t.equal(decodeJwt(body.token as string).aud, 'web')

    const person = browser()
    const uid = await person.begin(authorizeUrl())
    const { body: begun } = await person.open(`/sign-in/${uid}/ticket`, { method: 'POST' })
    await login(begun, 'alice')
    const { body: theirs } = await poll(begun)
    t.equal(decodeJwt(theirs.token as string).aud, audienceOf(issuer, uid))
  },
)
