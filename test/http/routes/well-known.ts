import { decodeProtectedHeader } from 'jose'
import t from 'tap'
import { createStoredKeyring } from '../../../src/tokens/keyring.ts'
import { rotateKeys } from '../../../src/tokens/stored-keys.ts'
import { startApp } from '../../fixtures/app.ts'
import { call, clientOf } from '../../fixtures/network/client.ts'
import { postgresDb, postgresUrl } from '../../fixtures/postgres/database.ts'

const PATH = '/.well-known/jwks.json'

t.test('the public keys are cacheable for ten minutes, by every cache', async (t) => {
  const { url } = await startApp(t)
  const { status, headers, body } = await call(url + PATH)
  t.equal(status, 200)
  t.equal(headers.get('cache-control'), 'public, max-age=600')
  t.match(headers.get('content-type'), /^application\/(json|jwk-set\+json)/)
  t.equal(headers.get('access-control-allow-origin'), '*')
  t.strictSame(Object.keys(body), ['keys'])
  t.equal(body.keys.length, 1)
  for (const key of body.keys) {
    const { x, y, kid, ...rest } = key
    t.strictSame(rest, { kty: 'EC', crv: 'P-256', alg: 'ES256', use: 'sig' })
    for (const coordinate of [x, y]) t.match(coordinate, /^[\w-]{43}$/)
    t.type(kid, 'string')
  }

  const { token } = (await clientOf(url).login(null, 'alice')).body
  t.match(decodeProtectedHeader(token), { alg: 'ES256', kid: body.keys[0].kid })
})

t.test('a new key is published before it signs, with no private part of either', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const first = await startApp(t, { databaseUrl })
  const { kid } = await rotateKeys(first.db)
  const second = await startApp(t, { databaseUrl })
  const { body } = await call(second.url + PATH)
  t.equal(body.keys.length, 2)
  t.ok(body.keys.some((key: { kid: string }) => key.kid === kid))
  const known = ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y']
  for (const key of body.keys) t.strictSame(Object.keys(key).toSorted(), known)
  const { token } = (await clientOf(second.url).login(null, 'alice')).body
  t.not(decodeProtectedHeader(token).kid, kid, 'its time has not come')
})

t.test('every instance publishes the same keys', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const instances = [await startApp(t, { databaseUrl }), await startApp(t, { databaseUrl })]
  const [one, two] = await Promise.all(instances.map(({ url }) => call(url + PATH)))
  t.strictSame(one?.body, two?.body)
})

t.test('RSA keys stand beside, each kind with its own members', async (t) => {
  const { db, url: databaseUrl } = await postgresDb(t)
  const keyring = await createStoredKeyring({ db, tokenTtl: 7200, rsa: true })
  const { url } = await startApp(t, { databaseUrl, keyring })
  const { body } = await call(url + PATH)
  t.strictSame(body, await keyring.jwks())
  t.match(body.keys, [
    { kty: 'EC', alg: 'ES256' },
    { kty: 'RSA', n: /^[\w-]{342}$/, e: 'AQAB', alg: 'RS256', use: 'sig' },
  ])
  t.strictSame(Object.keys(body.keys[1]).toSorted(), ['alg', 'e', 'kid', 'kty', 'n', 'use'])
})

t.test('a private part that came so far would still stay inside', async (t) => {
  const { url } = await startApp(t, {
    keyring: {
      ...(await createStoredKeyring({ db: (await postgresDb(t)).db, tokenTtl: 7200, rsa: true })),
      jwks: async () => ({
        keys: [
          { kty: 'EC', crv: 'P-256', x: 'x', y: 'y', kid: 'k', alg: 'ES256', use: 'sig', d: 'no' },
          { kty: 'RSA', n: 'n', e: 'e', kid: 'r', alg: 'RS256', use: 'sig', d: 'no', p: 'no' },
        ],
      }),
    },
  })
  const text = await (await fetch(url + PATH)).text()
  t.equal(
    text,
    '{"keys":[{"kty":"EC","crv":"P-256","x":"x","y":"y","kid":"k","alg":"ES256","use":"sig"},' +
      '{"kty":"RSA","n":"n","e":"e","kid":"r","alg":"RS256","use":"sig"}]}',
  )
})
