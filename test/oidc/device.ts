import { sql } from 'kysely'
import t from 'tap'
import { identifyUser } from '../../src/users/identify.ts'
import { startStage } from '../fixtures/oidc/stage.ts'

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

t.test('a device without a browser', async (t) => {
  const stage = await startStage(t, {
    instances: 2,
    app: { device: true, redirectUris: [], public: true, refresh: true },
  })
  const { db, app, issuer, post } = stage
  const begin = async () =>
    (await post('/oidc/device_authorization', { client_id: app.id, scope: 'openid profile' })).body
  const poll = (device: { device_code: string }, instance = 0) =>
    post(
      '/oidc/token',
      { grant_type: GRANT, device_code: device.device_code, client_id: app.id },
      instance,
    )
  /** As the phone's confirmation does. */
  async function decide(device: { user_code: string }, decision: object): Promise<void> {
    const user = await identifyUser(db, { appid: 'wx1', openid: 'alice', unionid: null })
    const grant = { accountId: user.id, clientId: app.id, openid: { scope: 'openid profile' } }
    const grantId = `grant-${device.user_code}`
    await sql`
      insert into oidc_records (model, id, payload, expires_at)
      values (
        'Grant', ${grantId},
        ${JSON.stringify({ ...grant, kind: 'Grant', exp: 1, iat: 1 })}::text::jsonb,
        now() + interval '1 hour'
      )
    `.execute(db)
    const approved = { accountId: user.id, grantId, scope: 'openid profile', authTime: 1 }
    await sql`
      update oidc_records
      set grant_id = ${grantId},
        payload = payload || ${JSON.stringify({ ...approved, ...decision })}::text::jsonb
      where model = 'DeviceCode' and user_code = ${device.user_code}
    `.execute(db)
  }

  t.test('it is told our page and our pace', async (t) => {
    const device = await begin()
    t.match(device, {
      user_code: /^[B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4}$/,
      verification_uri: `${issuer}/d`,
      verification_uri_complete: `${issuer}/d/${device.user_code}`,
      expires_in: 600,
      interval: 3,
    })
    const { rows } = await sql<{ info: object }>`
      select payload -> 'deviceInfo' as info from oidc_records
      where user_code = ${device.user_code}
    `.execute(db)
    t.match(rows[0]?.info, { ip: '127.0.0.1' })
  })

  t.test('it waits, and one poll of six at once gets its tokens', async (t) => {
    const device = await begin()
    t.equal((await poll(device)).body.error, 'authorization_pending')
    await decide(device, {})
    const all = await Promise.all(Array.from({ length: 6 }, (_, i) => poll(device, i)))
    t.equal(all.filter(({ status }) => status === 200).length, 1)
    t.ok(all.find(({ status }) => status === 200)?.body.id_token)
  })

  t.test('one that polls without a pause is slowed down, not shut out', async (t) => {
    const device = await begin()
    const heard: string[] = []
    for (let i = 0; i < 15; i++) heard.push((await poll(device)).body.error)
    t.equal(heard[0], 'authorization_pending')
    t.ok(heard.includes('slow_down'))
    t.equal((await poll(device, 1)).body.error, 'authorization_pending', 'each instance counts')
    await decide(device, {})
    t.equal((await poll(device, 1)).status, 200)
  })

  t.test('it hears of a refusal, and of the end of its time', async (t) => {
    const refused = await begin()
    await decide(refused, { error: 'access_denied' })
    t.equal((await poll(refused)).body.error, 'access_denied')
    const late = await begin()
    await sql`
      update oidc_records set expires_at = now() - interval '1 second'
      where user_code = ${late.user_code}
    `.execute(db)
    t.equal((await poll(late)).body.error, 'expired_token')
  })
})
