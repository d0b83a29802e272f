import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportJWK, generateKeyPair } from 'jose'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { connect } from '../../src/db/connect.ts'
import { isUnavailable } from '../../src/db/unavailable.ts'
import { createFixedKeyring, createStoredKeyring, type Keyring } from '../../src/tokens/keyring.ts'
import { generateSigningJwk } from '../../src/tokens/signing-key.ts'
import { OVERLAP_SECONDS, removeKey, rotateKeys } from '../../src/tokens/stored-keys.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { postgresDb, postgresUrl, quietLog } from '../fixtures/postgres/database.ts'
import { cuttable } from '../fixtures/network/proxy.ts'
import { elapse } from '../fixtures/tickets/elapse.ts'

const TTL = 7200

const kids = async (ring: Keyring) => (await ring.jwks()).keys.map((key) => key.kid)
const signerOf = async (ring: Keyring) => (await ring.signer()).kid

/** Moves this process's monotonic clock forward. */
function clock(t: Test): (seconds: number) => void {
  const real = performance.now.bind(performance)
  let ahead = 0
  t.intercept(performance, 'now', { value: () => real() + ahead })
  return (seconds) => void (ahead += seconds * 1000)
}

t.test('twenty instances that start together share one key', async (t) => {
  const url = await postgresUrl(t)
  const rings = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { db, close } = await connect({ url, poolSize: 1, log: quietLog })
      t.teardown(close)
      return createStoredKeyring({ db, tokenTtl: TTL })
    }),
  )
  const all = await Promise.all(rings.map(kids))
  t.equal(all[0]?.length, 1)
  t.equal(new Set(all.flat()).size, 1)
  t.equal(new Set(await Promise.all(rings.map(signerOf))).size, 1)
})

t.test('what is published has no private part', async (t) => {
  const { db } = await postgresDb(t)
  const ring = await createStoredKeyring({ db, tokenTtl: TTL })
  for (const key of (await ring.jwks()).keys) {
    t.same(Object.keys(key).sort(), ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'])
  }
})

t.test('a rotation is published at once and signs after 15 minutes', async (t) => {
  const { db } = await postgresDb(t)
  /** An instance that has just started, and so sees what is there now. */
  const fresh = () => createStoredKeyring({ db, tokenTtl: TTL })
  const old = await signerOf(await fresh())
  const { kid } = await rotateKeys(db)
  t.same(await kids(await fresh()), [kid, old])
  t.equal(await signerOf(await fresh()), old)

  await elapse(db, OVERLAP_SECONDS + 1)
  t.equal(await signerOf(await fresh()), kid)
  t.same(await kids(await fresh()), [kid, old])

  await elapse(db, TTL)
  t.ok((await kids(await fresh())).includes(old), 'its last token has just expired')
  await elapse(db, OVERLAP_SECONDS)
  t.same(await kids(await fresh()), [kid])
})

t.test('a running instance notices within a minute, and asks no more often', async (t) => {
  const pass = clock(t)
  const { db } = await postgresDb(t)
  const ring = await createStoredKeyring({ db, tokenTtl: TTL })
  const old = await signerOf(ring)
  const { kid } = await rotateKeys(db)
  await elapse(db, OVERLAP_SECONDS + 1)

  pass(50)
  t.equal(await signerOf(ring), old, 'held in memory')
  pass(10)
  t.equal(await signerOf(ring), kid)
  t.same(await kids(ring), [kid, old])

  await removeKey(db, kid)
  pass(60)
  t.notOk((await kids(ring)).includes(kid), 'a leaked key goes within a minute too')
})

t.test('many that ask at once ask the database once', async (t) => {
  const pass = clock(t)
  const { db } = await postgresDb(t)
  let queries = 0
  const counted = db.withPlugin({
    transformQuery: ({ node }) => (queries++, node),
    transformResult: async ({ result }) => result,
  })
  const ring = await createStoredKeyring({ db: counted, tokenTtl: TTL })
  pass(61)
  queries = 0
  await Promise.all(Array.from({ length: 50 }, (_, n) => (n % 2 ? ring.signer() : ring.jwks())))
  t.equal(queries, 1)
})

t.test('without its database an instance goes on for five minutes, not longer', async (t) => {
  const pass = clock(t)
  const way = await cuttable(t, await postgresUrl(t))
  await way.mend()
  const { db, close } = await connect({ url: way.url, poolSize: 2, log: quietLog })
  t.teardown(close)
  const ring = await createStoredKeyring({ db, tokenTtl: TTL })
  const kid = await signerOf(ring)

  await way.cut()
  pass(61)
  t.equal(await signerOf(ring), kid)
  pass(200)
  t.same(await kids(ring), [kid], '261 s old')
  pass(40)
  for (const call of [ring.signer, ring.jwks]) {
    const error = await call().then(
      () => null,
      (e: unknown) => e,
    )
    t.ok(isUnavailable(error), `301 s old: ${String(error)}`)
  }

  await way.mend()
  pass(1)
  t.equal(await signerOf(ring), kid, 'and it is back as soon as the database is')
})

t.test('an emptied table is an error, not a silent new key', async (t) => {
  const pass = clock(t)
  const { db } = await postgresDb(t)
  const ring = await createStoredKeyring({ db, tokenTtl: TTL })
  await sql`delete from signing_keys`.execute(db)
  pass(301)
  await t.rejects(ring.signer(), { message: /no signing key is due/ })
})

t.test('SIGNING_KEYS', async (t) => {
  const one = await generateSigningJwk()
  const two = await generateSigningJwk()
  const text = JSON.stringify({ keys: [one, two] })

  await t.test('the first key signs, all are published', async (t) => {
    const ring = await createFixedKeyring(text)
    t.equal(await signerOf(ring), one.kid)
    t.same(await kids(ring), [one.kid, two.kid])
    t.notMatch(JSON.stringify(await ring.jwks()), one.d)
    t.notOk('d' in ((await ring.jwks()).keys[0] ?? {}))
  })

  await t.test('from a file it is the same', async (t) => {
    const file = join(temporaryFolder(t), 'keys.json')
    writeFileSync(file, `${text}\n`)
    t.same(await kids(await createFixedKeyring(`file:${file}`)), [one.kid, two.kid])
  })

  await t.test('what does not fit is refused without a word of it', async (t) => {
    const folder = temporaryFolder(t)
    const rsa = await exportJWK((await generateKeyPair('RS256', { extractable: true })).privateKey)
    const p384 = await exportJWK((await generateKeyPair('ES384', { extractable: true })).privateKey)
    const publicOnly = { ...one, d: undefined }
    const wrong: Record<string, string> = {
      'not JSON': `{"keys":[{"d":"${one.d}"`,
      'a bare secret': String(one.d),
      null: 'null',
      'a number': '7',
      'an array': JSON.stringify([one]),
      'a key alone': JSON.stringify(one),
      'no keys': '{"keys":[]}',
      'keys that are no list': JSON.stringify({ keys: one }),
      'a public key': JSON.stringify({ keys: [publicOnly] }),
      'a second one without its secret': JSON.stringify({ keys: [one, publicOnly] }),
      'half an RSA key': JSON.stringify({ keys: [{ ...rsa, p: undefined }] }),
      'P-384': JSON.stringify({ keys: [p384] }),
      'halves of two keys': JSON.stringify({ keys: [{ ...one, d: two.d }] }),
      'half a secret': JSON.stringify({ keys: [{ ...one, d: one.d?.slice(0, 20) }] }),
      'a kid that is no text': JSON.stringify({ keys: [{ ...one, kid: 1 }] }),
    }
    const secrets = [one.d, two.d, rsa.d, p384.d].map((secret) => String(secret).slice(0, 12))
    for (const [what, value] of Object.entries(wrong)) {
      const file = join(folder, 'wrong.json')
      writeFileSync(file, value)
      for (const setting of [value, `file:${file}`]) {
        const error = (await createFixedKeyring(setting).catch((e: Error) => e)) as Error
        t.match(
          error.message,
          /^SIGNING_KEYS must be a private JWKS as JSON, or file:PATH of one; .+ does not fit: .+\.$/,
          what,
        )
        for (const secret of secrets) t.notOk(error.stack?.includes(secret), 'nothing is quoted')
        t.equal(error.cause, undefined)
      }
    }
    await t.rejects(createFixedKeyring(`file:${join(folder, 'none.json')}`), {
      message: /^SIGNING_KEYS must be .*none\.json does not fit: ENOENT/,
    })
  })
})
