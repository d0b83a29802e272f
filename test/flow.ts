import { createRemoteJWKSet, jwtVerify } from 'jose'
import t from 'tap'
import { ISSUER, startApp } from './fixtures/app.ts'
import { call, clientOf } from './fixtures/network/client.ts'
import { pgliteUrl, postgresUrl } from './fixtures/postgres/database.ts'

for (const [name, databaseUrl] of [
  ['PostgreSQL', postgresUrl],
  ['PGlite', pgliteUrl],
] as const) {
  t.test(`a whole login on ${name}`, async (t) => {
    const { url } = await startApp(t, { databaseUrl: await databaseUrl(t) })
    const { create, poll, scan, login } = clientOf(url)

    const ticket = await create()
    t.match(ticket, {
      scene: /^[A-Za-z0-9_-]{26}$/,
      secret: /^[A-Za-z0-9_-]{43}$/,
      status: 'pending',
      expires_in: 120,
      interval: 2,
      match_code: /^\d\d$/,
      qrcode_url: `/ticket/${ticket.scene}/qrcode`,
    })

    const code = await fetch(`${url}/ticket/${ticket.scene}/qrcode`)
    t.equal(code.headers.get('content-type'), 'image/png', 'the type it really is')
    t.equal(code.headers.get('cache-control'), 'no-store')
    const bytes = Buffer.from(await code.arrayBuffer())
    t.same(bytes.subarray(1, 4).toString(), 'PNG')

    t.match(await poll(ticket), { status: 200, body: { status: 'pending', interval: 2 } })
    t.match(await scan(ticket, 'alice'), {
      status: 200,
      body: {
        scene: ticket.scene,
        status: 'scanned',
        site: 'Example',
        requested_by: { ip: '127.0.0.1', at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/ },
        match: { mode: 'show', code: ticket.match_code },
      },
    })
    t.match(await poll(ticket), { status: 200, body: { status: 'scanned', interval: 1 } })

    const phone = await login(ticket, 'alice')
    t.match(phone, {
      status: 200,
      body: { scene: ticket.scene, status: 'confirmed', user: { created: true } },
    })

    const delivered = await poll(ticket)
    t.match(delivered, {
      status: 200,
      body: {
        scene: ticket.scene,
        status: 'confirmed',
        interval: 0,
        token_type: 'Bearer',
        user: { id: phone.body.user.id },
      },
    })
    t.not(delivered.body.token, phone.body.token, "the browser's token is not the phone's")

    const jwks = createRemoteJWKSet(new URL(`${url}/.well-known/jwks.json`))
    const { payload, protectedHeader } = await jwtVerify(delivered.body.token, jwks, {
      issuer: ISSUER,
      audience: 'web',
      algorithms: ['ES256'],
    })
    t.match(protectedHeader, { alg: 'ES256', kid: String })
    t.match(payload, {
      sub: phone.body.user.id,
      iat: Number,
      exp: (payload.iat ?? 0) + 7200,
      jti: String,
      auth_time: payload.iat,
      amr: ['wechat'],
      appid: String,
      openid: String,
      unionid: String,
    })
    await t.rejects(jwtVerify(phone.body.token, jwks, { issuer: ISSUER, audience: 'web' }))
    const own = await jwtVerify(phone.body.token, jwks, {
      issuer: ISSUER,
      audience: 'miniprogram',
    })
    t.not(own.payload.jti, payload.jti)

    const again = await poll(ticket)
    t.equal(again.body.token, delivered.body.token, 'an answer lost on the way is repeated')
    t.match(await call(`${url}/ticket/${ticket.scene}/qrcode`), {
      status: 410,
      body: { code: 'TICKET_CONSUMED' },
    })
  })
}
