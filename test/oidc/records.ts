import { randomBytes } from 'node:crypto'
import { sql } from 'kysely'
import type { AdapterFactory, AdapterPayload } from 'oidc-provider'
import t from 'tap'
import type { Db } from '../../src/db/pool.ts'
import { loadLibrary } from '../../src/oidc/library.ts'
import { databases, postgresDb, type Teardown } from '../fixtures/postgres/database.ts'
import { recordsOf, resumeUrl } from '../fixtures/oidc/records.ts'

const TTL = 600
const newId = () => randomBytes(32).toString('base64url')
const now = () => Math.floor(Date.now() / 1000)
const payloadOf = (kind: string, more: object = {}): AdapterPayload => ({
  iat: now(),
  exp: now() + TTL,
  kind,
  ...more,
})

/** The library's own adapter, and ours on both databases: what one does the others do. */
const adapters: { name: string; open: (t: Teardown) => Promise<AdapterFactory> }[] = [
  {
    name: 'memory',
    async open() {
      const { Provider } = await loadLibrary()
      const { warn } = console
      console.warn = () => {}
      const provider = new Provider('https://memory.example') as unknown as Record<
        string,
        { adapter: ReturnType<AdapterFactory> }
      >
      console.warn = warn
      return (model) => (provider[model] as { adapter: ReturnType<AdapterFactory> }).adapter
    },
  },
  ...databases.map(({ name, open }) => ({
    name,
    open: async (t: Teardown) => recordsOf((await open(t)).db),
  })),
]

for (const { name, open } of adapters) {
  t.test(`an adapter keeps what it is given: ${name}`, async (t) => {
    const records = await open(t)

    t.test('a record is found by its id, changed, and gone', async (t) => {
      const adapter = records('AccessToken')
      const id = newId()
      t.notOk(await adapter.find(id))
      await adapter.upsert(id, payloadOf('AccessToken', { jti: id, scope: 'openid' }), TTL)
      const found = (await adapter.find(id)) as AdapterPayload
      t.match(found, { jti: id, kind: 'AccessToken', scope: 'openid' })
      t.ok(Math.abs((found.exp ?? 0) - now() - TTL) <= 2)
      t.ok(Math.abs((found.iat ?? 0) - now()) <= 2)
      await adapter.upsert(id, payloadOf('AccessToken', { jti: id, scope: 'profile' }), TTL)
      t.match(await adapter.find(id), { scope: 'profile' })
      t.notOk(await records('RefreshToken').find(id), 'another model has another room')
      await adapter.destroy(id)
      t.notOk(await adapter.find(id))
      await adapter.destroy(id)
    })

    t.test('a session is found by its uid, a device by its user code', async (t) => {
      const session = newId()
      await records('Session').upsert(
        session,
        payloadOf('Session', { jti: session, uid: 'u1', accountId: 'a' }),
        TTL,
      )
      t.match(await records('Session').findByUid('u1'), { uid: 'u1', accountId: 'a' })
      t.notOk(await records('Session').findByUid('u2'))
      const device = newId()
      const userCode = 'WDJBMJHT'
      await records('DeviceCode').upsert(
        device,
        payloadOf('DeviceCode', { jti: device, userCode }),
        TTL,
      )
      t.match(await records('DeviceCode').findByUserCode(userCode), { userCode })
      t.notOk(await records('DeviceCode').findByUserCode('BBBBBBBB'))
    })

    t.test('a grant takes with it what hangs on it', async (t) => {
      const models = ['AccessToken', 'AuthorizationCode', 'RefreshToken', 'DeviceCode']
      const id = newId()
      for (const model of models) {
        for (const grantId of ['g1', 'g2']) {
          await records(model).upsert(id + grantId, payloadOf(model, { jti: id, grantId }), TTL)
        }
      }
      for (const model of models) await records(model).revokeByGrantId('g1')
      for (const model of models) {
        t.notOk(await records(model).find(`${id}g1`), model)
        t.ok(await records(model).find(`${id}g2`), model)
      }
    })

    t.test('a code is consumed', async (t) => {
      const id = newId()
      await records('AuthorizationCode').upsert(id, payloadOf('AuthorizationCode'), TTL)
      t.notOk(((await records('AuthorizationCode').find(id)) as AdapterPayload).consumed)
      await records('AuthorizationCode').consume(id)
      t.ok(((await records('AuthorizationCode').find(id)) as AdapterPayload).consumed)
    })

    t.test('an interaction knows where it goes on', async (t) => {
      const id = newId()
      const interaction = payloadOf('Interaction', { jti: id, returnTo: resumeUrl(id) })
      await records('Interaction').upsert(id, interaction, TTL)
      t.match(await records('Interaction').find(id), { jti: id, returnTo: resumeUrl(id) })
    })
  })
}

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
  const { db } = await postgresDb(t)
  const records = await recordsOf(db)
  await db.destroy()
  const error = await Promise.resolve(records('AccessToken').find('x')).catch((e: unknown) => e)
  t.match(error, { status: 503, statusCode: 503, error: 'temporarily_unavailable' })
})
