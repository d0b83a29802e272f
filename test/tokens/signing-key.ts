import { generateKeyPairSync } from 'node:crypto'
import {
  calculateJwkThumbprint,
  generateKeyPair,
  exportJWK,
  jwtVerify,
  importJWK,
  SignJWT,
} from 'jose'
import t from 'tap'
import { generateSigningJwk, loadSigningKey } from '../../src/tokens/signing-key.ts'

t.test('a new key is a private P-256 JWK, named by its thumbprint', async (t) => {
  const jwk = await generateSigningJwk()
  t.same(Object.keys(jwk).sort(), ['alg', 'crv', 'd', 'kid', 'kty', 'use', 'x', 'y'])
  t.match(jwk, { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })
  t.equal(jwk.kid, await calculateJwkThumbprint(jwk))
  t.not((await generateSigningJwk()).kid, jwk.kid)
})

t.test('loaded, it signs what its public half verifies, and keeps its secret', async (t) => {
  const jwk = await generateSigningJwk()
  const { kid, privateKey, publicJwk } = await loadSigningKey(jwk)
  t.equal(kid, jwk.kid)
  t.strictSame(publicJwk, {
    kty: 'EC',
    crv: 'P-256',
    x: jwk.x,
    y: jwk.y,
    kid,
    alg: 'ES256',
    use: 'sig',
  })
  t.equal(privateKey.extractable, false)
  const token = await new SignJWT({}).setProtectedHeader({ alg: 'ES256' }).sign(privateKey)
  await t.resolves(jwtVerify(token, await importJWK(publicJwk)))
})

t.test('without a kid it gets its thumbprint; a kid of its own is kept', async (t) => {
  const { kid, ...nameless } = await generateSigningJwk()
  t.equal((await loadSigningKey(nameless)).kid, kid)
  const named = await loadSigningKey({ ...nameless, kid: '2026-11' })
  t.equal(named.kid, '2026-11')
  t.equal(named.publicJwk.kid, '2026-11')
})

t.test('anything else is refused', async (t) => {
  const jwk = await generateSigningJwk()
  const p384 = await exportJWK((await generateKeyPair('ES384', { extractable: true })).privateKey)
  const { d, ...publicOnly } = jwk
  for (const wrong of [
    null,
    undefined,
    'a key',
    [],
    {},
    p384,
    publicOnly,
    { ...jwk, kty: 'OKP' },
    { ...jwk, x: 1 },
    { ...jwk, kid: 7 },
  ]) {
    await t.rejects(loadSigningKey(wrong), {
      name: 'TypeError',
      message: /not a private P-256 key/,
    })
  }
  const other = await generateSigningJwk()
  for (const mixed of [
    { ...jwk, d: other.d },
    { ...jwk, x: other.x },
    { ...jwk, d: 'AA' },
    { ...jwk, d: '' },
    { ...jwk, d: '!' },
  ]) {
    const error = (await loadSigningKey(mixed).catch((e: Error) => e)) as Error
    t.ok(error instanceof Error, 'halves that do not belong together')
    t.notMatch(error.message, d)
  }
})

t.test('an RSA key signs RS256, and is as strict about what it is', async (t) => {
  const jwk = await generateSigningJwk('RS256')
  t.same(Object.keys(jwk).sort(), [
    'alg',
    'd',
    'dp',
    'dq',
    'e',
    'kid',
    'kty',
    'n',
    'p',
    'q',
    'qi',
    'use',
  ])
  t.match(jwk, { kty: 'RSA', alg: 'RS256', use: 'sig', kid: await calculateJwkThumbprint(jwk) })
  const { n, e, kid, d } = jwk
  const { alg, privateKey, publicJwk, privateJwk } = await loadSigningKey({ ...jwk, x5c: ['x'] })
  t.equal(alg, 'RS256')
  t.strictSame(publicJwk, { kty: 'RSA', n, e, kid, alg: 'RS256', use: 'sig' })
  t.strictSame(privateJwk, { ...jwk })
  t.equal(privateKey.extractable, false)

  const other = await generateSigningJwk('RS256')
  const short = generateKeyPairSync('rsa', { modulusLength: 2040 })
  for (const wrong of [
    { ...jwk, p: undefined },
    { ...jwk, alg: 'PS256' },
    { ...jwk, use: 'enc' },
    { ...jwk, oth: [] },
    { ...jwk, kid: 7 },
    { ...jwk, n: '' },
    short.privateKey.export({ format: 'jwk' }),
  ]) {
    await t.rejects(loadSigningKey(wrong), {
      name: 'TypeError',
      message: /not a private RSA key for RS256: it needs 2048 bits/,
    })
  }
  for (const mixed of [
    { ...jwk, n: other.n },
    { ...other, n, e },
  ]) {
    const error = (await loadSigningKey(mixed).catch((e: Error) => e)) as Error
    t.ok(error instanceof Error, 'halves that do not belong together')
    t.notOk(error.message.includes(String(d)))
  }
})
