import { importJWK, jwtVerify, SignJWT } from 'jose'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { createFixedKeyring, createStoredKeyring, type Keyring } from '../../src/tokens/keyring.ts'
import { generateSigningJwk } from '../../src/tokens/signing-key.ts'
import { OVERLAP_SECONDS, rotateKeys } from '../../src/tokens/stored-keys.ts'
import { postgresDb } from '../fixtures/postgres/database.ts'
import { elapse } from '../fixtures/tickets/elapse.ts'

const TTL = 7200
const DAY = 86_400

const published = async (ring: Keyring) =>
  (await ring.jwks()).keys.map(({ kid, kty }) => `${kty} ${kid}`)
const forLibrary = async (ring: Keyring) =>
  (await ring.privateJwks()).map(({ kid, kty }) => `${kty} ${kid}`)

t.test('both kinds are published, and only one where id_tokens are off', async (t) => {
  const { db } = await postgresDb(t)
  const off = await createStoredKeyring({ db, tokenTtl: TTL })
  const [ec] = await published(off)
  const { rows } = await sql`select from oidc_keys`.execute(db)
  t.equal(rows.length, 0, 'none is made in vain')

  const on = await createStoredKeyring({ db, tokenTtl: TTL, rsa: true })
  const [first, second, ...others] = await published(on)
  t.same([first, others], [ec, []])
  t.match(second, /^RSA /)
  t.same(await forLibrary(on), [second, first], 'RSA first')
  t.match(await on.signer(), { alg: 'ES256', kid: ec?.slice(3) })
  for (const key of (await on.jwks()).keys) {
    t.notOk(['d', 'p', 'q', 'dp', 'dq', 'qi'].some((name) => name in key))
  }
  t.same(await published(await createStoredKeyring({ db, tokenTtl: TTL })), [ec], 'off again')
})

t.test('each private key signs what the published one of its kid verifies', async (t) => {
  const { db } = await postgresDb(t)
  const ring = await createStoredKeyring({ db, tokenTtl: TTL, rsa: true })
  const { keys } = await ring.jwks()
  for (const jwk of await ring.privateJwks()) {
    const alg = jwk.alg as string
    t.match(jwk, { use: 'sig', kid: String })
    const token = await new SignJWT({}).setProtectedHeader({ alg }).sign(await importJWK(jwk))
    const open = keys.find(({ kid }) => kid === jwk.kid)
    await t.resolves(jwtVerify(token, await importJWK(open ?? {}, alg)))
  }
})

t.test('the one that signs is first, then what comes next, then what has retired', async (t) => {
  const { db } = await postgresDb(t)
  const fresh = () => createStoredKeyring({ db, tokenTtl: TTL, rsa: true })
  const rotate = async () => [
    `RSA ${(await rotateKeys(db, 'RS256')).kid}`,
    `EC ${(await rotateKeys(db)).kid}`,
  ]
  const [rsa1, ec1] = await forLibrary(await fresh())
  const [rsa2, ec2] = await rotate()
  t.same(await forLibrary(await fresh()), [rsa1, rsa2, ec1, ec2])
  t.same(await published(await fresh()), [ec2, ec1, rsa2, rsa1], 'published at once')
  await elapse(db, OVERLAP_SECONDS + 1)
  const [rsa3, ec3] = await rotate()
  t.same(await forLibrary(await fresh()), [rsa2, rsa3, rsa1, ec2, ec3, ec1])
  t.match(await (await fresh()).ages(), { states: { next: 2, signs: 2, retired: 2 } })

  await elapse(db, OVERLAP_SECONDS + 3600)
  t.same(await forLibrary(await fresh()), [rsa3, rsa2, rsa1, ec3, ec2, ec1], 'newest first')
  await elapse(db, TTL)
  t.same(await published(await fresh()), [ec3, rsa3])
  t.same(await forLibrary(await fresh()), [rsa3, rsa2, rsa1, ec3, ec2, ec1], 'old hints')
  t.match(await (await fresh()).ages(), { states: { next: 0, signs: 2, retired: 0 } })
  await elapse(db, 90 * DAY)
  t.same(await forLibrary(await fresh()), [rsa3, ec3])
})

t.test('the age is that of the older one that signs', async (t) => {
  const { db } = await postgresDb(t)
  await createStoredKeyring({ db, tokenTtl: TTL })
  await elapse(db, DAY)
  const ages = await (await createStoredKeyring({ db, tokenTtl: TTL, rsa: true })).ages()
  t.ok(ages && ages.signs >= DAY && ages.signs < DAY + 60, String(ages?.signs))
})

t.test('an emptied table of RSA keys is an error where they are in use', async (t) => {
  const real = performance.now.bind(performance)
  let ahead = 0
  t.intercept(performance, 'now', { value: () => real() + ahead })
  const { db } = await postgresDb(t)
  const ring = await createStoredKeyring({ db, tokenTtl: TTL, rsa: true })
  await sql`delete from oidc_keys`.execute(db)
  ahead = 301_000
  await t.rejects(ring.privateJwks(), { message: /no RSA key is due/ })
})

t.test('SIGNING_KEYS of both kinds', async (t) => {
  const [ec, ec2, rsa, rsa2] = await Promise.all([
    generateSigningJwk(),
    generateSigningJwk(),
    generateSigningJwk('RS256'),
    generateSigningJwk('RS256'),
  ])
  const given = (...keys: object[]) => JSON.stringify({ keys })
  const kidsOf = (jwks: readonly { kid?: string }[]) => jwks.map(({ kid }) => kid)
  const refused = async (t: Test, text: string, rsa: boolean, en: RegExp, zh: RegExp) =>
    t.rejects(createFixedKeyring(text, { rsa }), { message: en, words: { zh } })

  const ring = await createFixedKeyring(given(rsa, ec, rsa2, ec2), { rsa: true })
  t.equal((await ring.signer()).kid, ec.kid)
  t.same(kidsOf((await ring.jwks()).keys), [rsa.kid, ec.kid, rsa2.kid, ec2.kid])
  t.same(kidsOf(await ring.privateJwks()), [rsa.kid, rsa2.kid, ec.kid, ec2.kid])
  t.notMatch(JSON.stringify(await ring.jwks()), new RegExp(String(rsa.p)))

  const off = await createFixedKeyring(given(rsa, ec), { rsa: false })
  t.equal((await off.signer()).kid, ec.kid)
  t.same(kidsOf((await off.jwks()).keys), [ec.kid], 'RSA keys are read, and not published')
  t.same(kidsOf(await off.privateJwks()), [ec.kid])

  await refused(t, given(ec), true, /^SIGNING_KEYS has no RSA key, .*--rsa"/, /没有 RSA 密钥/)
  await refused(t, given(rsa), true, /^SIGNING_KEYS has no P-256 key/, /没有 P-256 密钥/)
  await refused(t, given(rsa), false, /^SIGNING_KEYS has no P-256 key/, /没有 P-256 密钥/)
  const twins = given({ ...ec, kid: 'a' }, { ...rsa, kid: 'a' })
  await refused(t, twins, true, /two keys of the same kid/, /kid 相同/)
  await t.resolves(createFixedKeyring(twins, { rsa: false }))
  await refused(
    t,
    given(ec, { ...rsa, d: undefined }),
    false,
    /not a private RSA key/,
    /不符合要求/,
  )
})
