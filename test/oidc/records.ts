import type { AdapterFactory, AdapterPayload } from 'oidc-provider'
import t from 'tap'
import { loadLibrary } from '../../src/oidc/library.ts'
import { databases, type Teardown } from '../fixtures/postgres/database.ts'
import { newId, now, payloadOf, recordsOf, resumeUrl, TTL } from '../fixtures/oidc/records.ts'

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
