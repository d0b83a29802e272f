import {
  createLocalJWKSet,
  decodeJwt,
  decodeProtectedHeader,
  jwtVerify,
  SignJWT,
  type JSONWebKeySet,
} from 'jose'
import t from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { rotateKeys } from '../../src/tokens/stored-keys.ts'
import { ISSUER } from '../fixtures/app.ts'
import { startInstance, type Instance } from '../fixtures/instance.ts'
import { call } from '../fixtures/network/client.ts'
import { fakeUpstream } from '../fixtures/network/fake-upstream.ts'
import { skewedClock } from '../fixtures/network/skewed-clock.ts'
import { wechatAt } from '../fixtures/network/wechat-at.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'
import { elapse } from '../fixtures/tickets/elapse.ts'
import { clock } from '../fixtures/tickets/observe.ts'
import { endGrace, expire } from '../fixtures/tickets/time.ts'

/** Tokens, clocks and WeChat. */

t.test('threat 15: a verifier is not tricked', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const jwksOf = async (app: { url: string }): Promise<JSONWebKeySet> =>
    (await call(`${app.url}/.well-known/jwks.json`)).body
  const tokenOf = async (app: Instance): Promise<string> => {
    const ticket = await app.create()
    await app.login(ticket, 'alice')
    return (await app.poll(ticket)).body.token
  }
  const before = await startInstance(t, { databaseUrl })
  const token = await tokenOf(before)
  const own = (await before.login(null, 'alice')).body.token
  const jwks = await jwksOf(before)
  const verify = (candidate: string, set = jwks, audience = 'web') =>
    jwtVerify(candidate, createLocalJWKSet(set), {
      issuer: ISSUER,
      audience,
      algorithms: ['ES256'],
    })

  t.equal((await verify(token)).protectedHeader.alg, 'ES256')
  t.equal((await verify(own, jwks, 'miniprogram')).protectedHeader.alg, 'ES256')
  const audience = { code: 'ERR_JWT_CLAIM_VALIDATION_FAILED', message: /"aud"/ }
  await t.rejects(verify(own), audience)
  await t.rejects(verify(token, jwks, 'miniprogram'), audience)

  const [, payload, signature] = token.split('.')
  const header = (json: object) => Buffer.from(JSON.stringify(json)).toString('base64url')
  const { kid } = decodeProtectedHeader(token)
  await t.rejects(verify(`${header({ alg: 'none' })}.${payload}.`))
  await t.rejects(verify(`${header({ alg: 'HS256', kid })}.${payload}.${signature}`))
  const publicKey = new TextEncoder().encode(JSON.stringify(jwks.keys[0]))
  const confused = await new SignJWT(decodeJwt(token))
    .setProtectedHeader({ alg: 'HS256', kid: kid as string })
    .sign(publicKey)
  await t.rejects(verify(confused))
  t.ok(jwks.keys.every((key) => key.alg === 'ES256' && key.use === 'sig' && !('d' in key)))

  const { kid: next } = await rotateKeys(before.db)
  const during = await startInstance(t, { databaseUrl })
  const published = await jwksOf(during)
  t.same(published.keys.map((key) => key.kid).sort(), [kid, next].sort(), 'published first')
  t.equal(decodeProtectedHeader(await tokenOf(during)).kid, kid, 'and not used yet')
  await elapse(before.db, 15 * 60)
  const after = await startInstance(t, { databaseUrl })
  const fresh = await tokenOf(after)
  t.equal(decodeProtectedHeader(fresh).kid, next)
  await verify(fresh, published)
  await verify(token, await jwksOf(after))
  await elapse(before.db, 136 * 60)
  const later = await startInstance(t, { databaseUrl })
  t.same(
    (await jwksOf(later)).keys.map((key) => key.kid),
    [next],
    'a stale key is gone',
  )
  await t.rejects(verify(token, await jwksOf(later)), { code: 'ERR_JWKS_NO_MATCHING_KEY' })
})

t.test('threat 16: the sandbox does not reach production', async (t) => {
  const DATABASE_URL = 'postgres://db.example/scenepass'
  for (const env of [
    { NODE_ENV: 'production', DATABASE_URL },
    { PUBLIC_URL: 'https://login.example', DATABASE_URL },
  ]) {
    t.throws(() => readConfig(env), { name: 'ConfigError', message: /WECHAT_APPID/ })
  }
  const WECHAT_APPID = 'wx0123456789abcdef'
  const PUBLIC_URL = 'https://login.example'
  const real = { PUBLIC_URL, DATABASE_URL, WECHAT_APPID, WECHAT_SECRET: 'x'.repeat(32) }
  t.match(readConfig(real).wechat.credentials, { appid: WECHAT_APPID })
  t.equal(readConfig({}).wechat.credentials, null)

  const production = await startInstance(t, { sandbox: null, logLevel: 'info' })
  for (const [path, json] of [
    ['/sandbox/phone?scene=x'],
    ['/sandbox/demo.js'],
    ['/sandbox/calls'],
    ['/sandbox/wx-login', { user: 'alice' }],
    ['/sandbox/faults', { api: 'code2session' }],
    ['/sandbox/wechat/cgi-bin/stable_token', {}],
  ] as const) {
    t.match(await call(`${production.url}${path}`, { json }), { status: 404 }, path)
  }
  t.notMatch(production.logged(), /sandbox/i)
  const sandbox = await startInstance(t, { logLevel: 'warn' })
  t.match(sandbox.logged(), /SANDBOX: this is not WeChat/)
})

t.test('threat 17: instances with wrong clocks decide by the database’s', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const fast = await startInstance(t, { databaseUrl })
  const slow = await startInstance(t, { databaseUrl })
  const skew = skewedClock(t)
  const minutes = 5
  const onFast = () => (skew(minutes * 60_000), fast)
  const onSlow = () => (skew(-minutes * 60_000), slow)
  const before = await clock(fast.db)
  t.ok(Math.abs(onFast() && Date.now() / 1000 - before) > 290, 'the clock is wrong')

  for (const [one, other] of [
    [onFast, onSlow],
    [onSlow, onFast],
  ] as const) {
    const ticket = await one().create()
    const waiting = (await other().poll(ticket)).body
    t.match(waiting, { status: 'pending' })
    t.ok(waiting.expires_in > 100 && waiting.expires_in <= 120)
    const scanned = (await other().scan(ticket, 'alice')).body
    t.ok(scanned.expires_in > 100 && scanned.expires_in <= 120)
    t.ok(Math.abs(Date.parse(scanned.requested_by.at) / 1000 - before) < 60)
    const own = (await one().login(ticket, 'alice')).body
    const delivered = (await other().poll(ticket)).body
    for (const [token, left] of [
      [own.token, own.token_expires_in],
      [delivered.token, delivered.token_expires_in],
    ] as const) {
      const { iat = 0, exp = 0, auth_time: at } = decodeJwt(token)
      t.ok(
        iat >= Math.floor(before) && iat <= (await clock(fast.db)),
        'issued in the database’s time',
      )
      t.same([exp - iat, at], [7200, iat])
      t.ok(left > 7_190 && left <= 7_200)
    }
    t.equal((await one().poll(ticket)).body.token, delivered.token, 'the grace holds')
    await endGrace(fast.db, ticket)
    t.match((await one().poll(ticket)).body, { status: 'consumed', token: undefined })

    const late = await one().create()
    await expire(fast.db, late)
    t.equal((await one().poll(late)).body.status, 'expired')
    t.equal((await other().poll(late)).body.status, 'expired')
    t.equal((await other().login(late, 'alice')).body.code, 'TICKET_EXPIRED')
  }
})

t.test('threat 18: WeChat is slow, down, or answers rubbish', async (t) => {
  const upstream = await fakeUpstream(t)
  const wechat = wechatAt(t, upstream.url, { timeoutMs: 400 })
  const { url, create } = await startInstance(t, { wechat, sandbox: null })
  const [tokenPath, imagePath] = ['/cgi-bin/stable_token', '/wxa/getwxacodeunlimit']
  const sessionPath = '/sns/jscode2session'
  const image = async () => call(`${url}/ticket/${(await create()).scene}/qrcode`)
  let codes = 0
  const login = () => call(`${url}/login`, { json: { code: `code-${++codes}` } })
  upstream.answer(tokenPath, (reply) => reply.end('{"access_token":"x","expires_in":7200}'))

  upstream.answer(imagePath, (reply) => reply.end('<html>captive portal</html>'))
  t.match(await image(), { status: 502, body: { code: 'WECHAT_ERROR', request_id: String } })
  const png = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
  upstream.answer(imagePath, (reply) => reply.end(Buffer.concat([png, Buffer.alloc(1024 * 1024)])))
  t.match(await image(), { status: 502, body: { code: 'WECHAT_ERROR' } }, 'bodies are bounded')

  let asked = upstream.count(imagePath)
  upstream.answer(imagePath, (reply) => {
    upstream.answer(imagePath, (next) => next.end(png))
    reply.writeHead(500).end()
  })
  t.match(await image(), { status: 200 }, 'a code is asked for once more')
  t.equal(upstream.count(imagePath), asked + 2)

  upstream.answer(imagePath, () => {})
  const started = performance.now()
  t.match(await image(), { status: 504, body: { code: 'WECHAT_TIMEOUT' } })
  t.ok(performance.now() - started < 5_000, 'a silent WeChat does not hold us')

  upstream.answer(sessionPath, (reply) => reply.end('not JSON'))
  t.match(await login(), { status: 502, body: { code: 'WECHAT_ERROR' } })
  upstream.answer(sessionPath, (reply) => reply.writeHead(500).end())
  asked = upstream.count(sessionPath)
  t.match(await login(), { status: 503, body: { code: 'WECHAT_BUSY' } })
  t.equal(upstream.count(sessionPath), asked + 1, 'a login code is never sent again')
  for (let i = 0; i < 6; i++) await login()
  asked = upstream.count(sessionPath)
  const paused = await login()
  t.match(paused, { status: 503, body: { code: 'WECHAT_BUSY' } })
  t.ok(Number(paused.headers.get('retry-after')) > 0)
  t.equal(upstream.count(sessionPath), asked, 'the breaker is open: WeChat is not asked')
  t.equal((await call(`${url}/livez`)).status, 200)
  t.match(await create(), { status: 'pending' }, 'a ticket does not wait for WeChat')
})
