import { sql } from 'kysely'
import type { AdapterPayload } from 'oidc-provider'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
import type { Db } from '../../src/db/pool.ts'
import { newId, now, payloadOf, recordsOf, resumeUrl, TTL } from '../fixtures/oidc/records.ts'
import { postgresDb, postgresUrl, quietLog } from '../fixtures/postgres/database.ts'

/** As if so many seconds had passed for every record. */
const age = (db: Db, seconds: number) =>
  sql`
  update oidc_records
  set expires_at = expires_at - ${seconds}::int * interval '1 second',
    consumed_at = consumed_at - ${seconds}::int * interval '1 second'
`.execute(db)

const errorOf = async (promise: Promise<unknown>): Promise<string> =>
  promise.then(
    () => 'none',
    (error: Error) => error.message,
  )

t.test(
  'of eight that consume a code at once one does, and writing it again changes nothing',
  async (t) => {
    const { db } = await postgresDb(t)
    const codes = (await recordsOf(db))('AuthorizationCode')
    for (let round = 0; round < 15; round++) {
      const id = newId()
      await codes.upsert(id, payloadOf('AuthorizationCode'), TTL)
      const all = await Promise.all(Array.from({ length: 8 }, () => errorOf(codes.consume(id))))
      t.same(all.sort(), [...Array<string>(7).fill('invalid_grant'), 'none'])
      await codes.upsert(id, payloadOf('AuthorizationCode'), TTL)
      t.equal(await errorOf(codes.consume(id)), 'invalid_grant')
      t.equal(((await codes.find(id)) as AdapterPayload).consumed, true)
    }
  },
)

t.test('a rotated refresh token has 30 seconds of grace, a code has none', async (t) => {
  const { db } = await postgresDb(t)
  const tokens = (await recordsOf(db))('RefreshToken')
  const id = newId()
  await tokens.upsert(id, payloadOf('RefreshToken'), TTL)
  await tokens.consume(id)
  await age(db, 25)
  await tokens.consume(id)
  t.notOk(((await tokens.find(id)) as AdapterPayload).consumed)
  await age(db, 6)
  t.equal(await errorOf(tokens.consume(id)), 'invalid_grant', 'the grace is not renewed')
  t.equal(((await tokens.find(id)) as AdapterPayload).consumed, true)
})

t.test('what has expired is not found, but a device hears of it for ten minutes', async (t) => {
  const { db } = await postgresDb(t)
  const records = await recordsOf(db)
  for (const model of ['AccessToken', 'DeviceCode']) {
    await records(model).upsert('x', payloadOf(model, { iiat: now() }), TTL)
  }
  await age(db, TTL + 1)
  t.notOk(await records('AccessToken').find('x'))
  t.equal(await errorOf(records('AccessToken').consume('x')), 'invalid_grant')
  t.ok((((await records('DeviceCode').find('x')) as AdapterPayload).exp ?? 0) < now())
  await age(db, TTL)
  t.notOk(await records('DeviceCode').find('x'))
})

t.test('a record written by a clock that is wrong comes back in the reader’s', async (t) => {
  const { db } = await postgresDb(t)
  const tokens = (await recordsOf(db))('RefreshToken')
  for (const skew of [-600, 600]) {
    const id = newId()
    const written = now() + skew
    await tokens.upsert(
      id,
      { kind: 'RefreshToken', iat: written, iiat: written - 1_000, exp: written + TTL },
      TTL,
    )
    const { exp = 0, iat = 0, iiat = 0 } = (await tokens.find(id)) as AdapterPayload
    t.ok(Math.abs(exp - now() - TTL) <= 2, 'exp')
    t.ok(Math.abs(iat - now()) <= 2, 'iat')
    t.ok(Math.abs(iiat - now() + 1_000) <= 2, 'iiat')
  }
})

t.test('no row holds a value that can be presented', async (t) => {
  const { db } = await postgresDb(t)
  const records = await recordsOf(db)
  const [secret, other, hint] = [newId(), newId(), newId()] as const
  const stored = {
    jti: secret,
    returnTo: resumeUrl(secret),
    session: { uid: 'u', cookie: secret, accountId: 'a' },
    params: { client_id: 'shop', id_token_hint: hint },
    prompt: { name: 'login', reasons: [], details: { id_token_hint: hint } },
  }
  await records('Interaction').upsert(secret, payloadOf('Interaction', stored), TTL)
  const state = { secret: 'x', clientId: 'shop', postLogoutRedirectUri: resumeUrl(other) }
  await records('Session').upsert(secret, payloadOf('Session', { jti: secret, state }), TTL)
  for (const model of ['AccessToken', 'RefreshToken', 'AuthorizationCode', 'DeviceCode']) {
    await records(model).upsert(
      secret,
      payloadOf(model, { jti: secret, userCode: 'BBBBBBBB' }),
      TTL,
    )
    await sql`update oidc_records set user_code = null`.execute(db)
  }
  const { rows } = await sql<{ all: string }>`
    select string_agg(oidc_records::text, ' ') as all from oidc_records
  `.execute(db)
  for (const value of [secret, other, hint]) t.notOk(rows[0]?.all.includes(value))
  t.match(await records('Session').find(secret), { state })
  t.match(await records('Interaction').find(secret), { params: { client_id: 'shop' } })
})

t.test(
  'a device that polls too fast is told so, and no stranger can use up its pace',
  async (t) => {
    const { db } = await postgresDb(t)
    const asked: string[] = []
    const pace = (key: string) => (asked.push(key) > 1 ? 700 : 0)
    const codes = (await recordsOf(db, { pace, isPoll: () => true }))('DeviceCode')
    await codes.upsert('device', payloadOf('DeviceCode', { userCode: 'WDJBMJHT' }), TTL)
    t.ok(await codes.find('device'), 'the first one is free')
    t.equal(await errorOf(codes.find('device')), 'slow_down')
    t.notOk(await codes.find('unknown'))
    t.equal(asked.length, 2)
    t.match(asked[0], /^[0-9a-f]{64}$/)
  },
)

t.test('a text that cannot be stored is the caller’s mistake', async (t) => {
  const { db } = await postgresDb(t)
  const codes = (await recordsOf(db))('AuthorizationCode')
  for (const nonce of ['\u0000', '\ud800', 'x'.repeat(70_000)]) {
    const write = codes.upsert('id', payloadOf('AuthorizationCode', { nonce }), TTL)
    t.equal(await errorOf(Promise.resolve(write)), 'invalid_request')
  }
})

t.test('a database that is away is 503, whatever is asked', async (t) => {
  const { db, close } = await connect({ url: await postgresUrl(t), poolSize: 1, log: quietLog })
  const tokens = (await recordsOf(db))('AccessToken')
  t.notOk(await tokens.find('x'))
  await close()
  const failed = await Promise.resolve(tokens.find('x')).catch((error: unknown) => error)
  t.match(failed, { status: 503, statusCode: 503, error: 'temporarily_unavailable' })
})
