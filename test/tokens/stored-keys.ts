import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
import type { Db } from '../../src/db/pool.ts'
import {
  createFirstKey,
  hasKeys,
  listAllKeys,
  listKeys,
  OVERLAP_SECONDS,
  removeKey,
  rotateKeys,
} from '../../src/tokens/stored-keys.ts'
import { databases, postgresDb, postgresUrl, quietLog } from '../fixtures/postgres/database.ts'
import { elapse } from '../fixtures/tickets/elapse.ts'

const TTL = 7200
/** A test may take a while between two statements; no test does as long as this, in seconds. */
const MARGIN = 30

const HOUR = 3600
const DAY = 24 * HOUR

/** kid → state, newest first. */
const states = async (db: Db) =>
  Object.fromEntries((await listKeys(db, TTL)).map((key) => [key.kid, key.state]))

const rowCount = async (db: Db): Promise<number> =>
  (await sql`select from signing_keys`.execute(db)).rows.length

for (const { name, open } of databases) {
  t.test(`a key's life on ${name}`, async (t) => {
    const { db } = await open(t)
    t.same(await listKeys(db, TTL), [])
    await createFirstKey(db)
    await createFirstKey(db)
    const [first, ...others] = await listKeys(db, TTL)
    t.same(others, [], 'made once')
    t.match(first, {
      kid: /^[A-Za-z0-9_-]{43}$/,
      private_jwk: { kty: 'EC', crv: 'P-256', d: String },
      signs: true,
      state: 'signs',
      created_at: /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$/,
      signs_from: first?.created_at,
    })
    const old = first?.kid ?? ''

    const next = await rotateKeys(db)
    t.same(await states(db), { [next.kid]: 'next', [old]: 'signs' }, 'listed at once')
    t.equal(Object.keys(await states(db))[0], next.kid, 'newest first')
    const { rows } = await sql<{ wait: number }>`
      select extract(epoch from signs_from - created_at)::int as wait
      from signing_keys where kid = ${next.kid}
    `.execute(db)
    t.same(rows, [{ wait: OVERLAP_SECONDS }])
    t.equal((await listKeys(db, TTL))[0]?.signs_from, next.signs_from)

    await elapse(db, OVERLAP_SECONDS - MARGIN)
    t.same(await states(db), { [next.kid]: 'next', [old]: 'signs' }, 'not yet')
    await elapse(db, MARGIN)
    t.same(await states(db), { [next.kid]: 'signs', [old]: 'retired' }, '15 minutes later it signs')

    await elapse(db, TTL - MARGIN)
    t.equal((await states(db))[old], 'retired', 'the last token it signed is still good')
    await elapse(db, OVERLAP_SECONDS + MARGIN)
    t.same(await states(db), { [next.kid]: 'signs' }, 'and then it goes')
  })
}

t.test('twenty that make the first key at once make one', async (t) => {
  const url = await postgresUrl(t)
  const dbs = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { db, close } = await connect({ url, poolSize: 1, log: quietLog })
      t.teardown(close)
      return db
    }),
  )
  await Promise.all(dbs.map((db) => createFirstKey(db)))
  t.equal(await rowCount(dbs[0] as Db), 1)
})

t.test('a rotation of no keys makes the first one, which signs at once', async (t) => {
  const { db } = await postgresDb(t)
  const { kid } = await rotateKeys(db)
  t.same(await states(db), { [kid]: 'signs' })
})

t.test('rotations in a row are queued, and exactly one key signs at any time', async (t) => {
  const { db } = await postgresDb(t)
  await createFirstKey(db)
  const one = await rotateKeys(db)
  await elapse(db, 300)
  const two = await rotateKeys(db)
  for (const [seconds, signer] of [
    [0, null],
    [OVERLAP_SECONDS - 300 + 1, one.kid],
    [300, two.kid],
    [TTL, two.kid],
    [TTL, two.kid],
  ] as const) {
    await elapse(db, seconds)
    const signing = (await listKeys(db, TTL)).filter((key) => key.signs)
    t.equal(signing.length, 1)
    if (signer) t.equal(signing[0]?.kid, signer)
  }
})

t.test('a key is taken out at once, in every state', async (t) => {
  const { db } = await postgresDb(t)
  await createFirstKey(db)
  const retired = (await listKeys(db, TTL))[0]?.kid ?? ''
  const signer = (await rotateKeys(db)).kid
  await elapse(db, OVERLAP_SECONDS + 1)
  const next = (await rotateKeys(db)).kid
  t.same(await states(db), { [next]: 'next', [signer]: 'signs', [retired]: 'retired' })

  await t.test('a retired one: the others stay as they are', async (t) => {
    t.equal(await removeKey(db, retired), true)
    t.same(await states(db), { [next]: 'next', [signer]: 'signs' })
  })
  await t.test('one that signs: the next takes over now', async (t) => {
    t.equal(await removeKey(db, signer), true)
    t.same(await states(db), { [next]: 'signs' })
  })
  await t.test('one that is next: the signer goes on', async (t) => {
    const another = (await rotateKeys(db)).kid
    t.equal(await removeKey(db, another), true)
    t.same(await states(db), { [next]: 'signs' })
  })
  await t.test('the only one: a new one takes over now', async (t) => {
    t.equal(await removeKey(db, next), true)
    const [only, ...others] = await listKeys(db, TTL)
    t.same(others, [])
    t.match(only, { state: 'signs' })
    t.not(only?.kid, next)
  })
  await t.test('the signer among retired ones: a new one signs, none of the old', async (t) => {
    const old = Object.keys(await states(db))[0] ?? ''
    const current = (await rotateKeys(db)).kid
    await elapse(db, OVERLAP_SECONDS + 1)
    t.equal(await removeKey(db, current), true)
    const after = await states(db)
    t.equal(after[old], 'retired')
    t.equal(Object.keys(after).length, 2)
    t.notOk(current in after)
  })
  await t.test('one that does not exist: nothing happens', async (t) => {
    const before = await states(db)
    t.equal(await removeKey(db, 'there-is-none'), false)
    t.same(await states(db), before)
  })
})

for (const { name, open } of databases) {
  t.test(`RSA keys on ${name}: a table of their own, beside the P-256 ones`, async (t) => {
    const { db } = await open(t)
    await createFirstKey(db)
    const ec = Object.keys(await states(db))
    t.equal(await hasKeys(db, 'RS256'), false)
    await createFirstKey(db, 'RS256')
    await createFirstKey(db, 'RS256')
    t.equal(await hasKeys(db, 'RS256'), true)
    const [first, ...others] = await listKeys(db, HOUR, 'RS256')
    t.same(others, [], 'made once')
    t.match(first, {
      alg: 'RS256',
      private_jwk: { kty: 'RSA', n: /^[\w-]{342}$/, d: String },
      signs: true,
      published: true,
      signs_from: first?.created_at,
    })
    t.same(Object.keys(await states(db)), ec, 'an instance of the version before sees none of it')

    const { kid } = await rotateKeys(db, 'RS256')
    t.same(Object.keys(await states(db)), ec)
    const rsa = async () =>
      (await listAllKeys(db, { tokenTtl: 60, rsa: true }))
        .filter(({ alg }) => alg === 'RS256')
        .map(({ kid, state, published }) => [kid, state, published])
    const old = first?.kid
    t.same(await rsa(), [[kid, 'next', true], [old, 'signs', true]]) // prettier-ignore
    await elapse(db, OVERLAP_SECONDS)
    t.same(await rsa(), [[kid, 'signs', true], [old, 'retired', true]]) // prettier-ignore
    await elapse(db, HOUR + OVERLAP_SECONDS - MARGIN)
    t.same(await rsa(), [[kid, 'signs', true], [old, 'retired', true]]) // prettier-ignore
    await elapse(db, 2 * MARGIN)
    t.same(await rsa(), [[kid, 'signs', true], [old, 'retired', false]], 'its id_tokens are over') // prettier-ignore
    await elapse(db, 90 * DAY - HOUR - 2 * MARGIN)
    t.same(await rsa(), [[kid, 'signs', true], [old, 'retired', false]], 'still a hint') // prettier-ignore
    await elapse(db, 2 * MARGIN)
    t.same(await rsa(), [[kid, 'signs', true]])

    t.equal(await removeKey(db, kid), false, 'not among the others')
    t.equal(await removeKey(db, kid, 'RS256'), true)
    const after = await rsa()
    t.same([after.length, after[0]?.[1], after[1]?.[0]], [2, 'signs', old], 'a new one takes over')
    t.same(Object.keys(await states(db)), ec)
  })
}

t.test('twenty that make the first RSA key at once make one', async (t) => {
  const url = await postgresUrl(t)
  const dbs = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { db, close } = await connect({ url, poolSize: 1, log: quietLog })
      t.teardown(close)
      return db
    }),
  )
  await Promise.all(dbs.map((db) => createFirstKey(db, 'RS256')))
  const { rows } = await sql`select from oidc_keys`.execute(dbs[0] as Db)
  t.equal(rows.length, 1)
})

t.test('a P-256 key stays as long as an id_token of it lives, where there are any', async (t) => {
  const { db } = await postgresDb(t)
  await createFirstKey(db)
  const old = Object.keys(await states(db))[0]
  await rotateKeys(db)
  await elapse(db, OVERLAP_SECONDS + 60 + OVERLAP_SECONDS + MARGIN)
  const published = async (rsa: boolean) =>
    (await listAllKeys(db, { tokenTtl: 60, rsa }))
      .filter((key) => key.published)
      .map(({ kid }) => kid)
  t.notOk((await published(false)).includes(old ?? ''), 'a login token lives for a minute')
  t.ok((await published(true)).includes(old ?? ''), 'an id_token for an hour')
})
