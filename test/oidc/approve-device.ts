import { sql } from 'kysely'
import t from 'tap'
import { approveDevice, createDevices, declineDevice } from '../../src/oidc/approve-device.ts'
import { ACR } from '../../src/tokens/acr.ts'
import { addClient, addDevice, deviceRecord, grants, newUserCode } from '../fixtures/device.ts'
import { databases } from '../fixtures/postgres/database.ts'
import { outcome } from '../fixtures/tickets/observe.ts'

const USER = '11111111-1111-4111-8111-111111111111'
const by = { userId: USER, authTime: 1_764_000_000, acr: ACR.scan }
const shop = { id: 'shop', refresh: false }

for (const { name, open } of databases) {
  t.test(name, async (t) => {
    const { db } = await open(t)
    await addClient(db)
    t.afterEach(() => sql`delete from oidc_records`.execute(db))
    const approve = (userCode: string, client = shop) =>
      outcome(approveDevice(db, { userCode, client, ...by }))

    await t.test('an approved device has what the provider reads of it, and a grant', async (t) => {
      const device = await addDevice(db, 'openid made_up profile offline_access')
      const before = await deviceRecord(db, device)
      t.equal(await approve(device), 'ok')
      const { payload, grant_id: grantId, left } = await deviceRecord(db, device)
      const scope = 'openid profile offline_access'
      t.strictSame(payload, {
        ...before.payload,
        accountId: USER,
        grantId,
        scope,
        authTime: 1_764_000_000,
        amr: ['wechat'],
        acr: 'urn:scenepass:acr:wechat-scan',
      })
      t.ok(left <= before.left, 'it expires when it would have')
      const [grant, ...others] = await grants(db)
      t.same(others, [])
      const { iat, exp, ...rest } = grant?.payload ?? {}
      t.equal(grant?.id, grantId)
      t.match(grantId, /^[\w-]{43}$/)
      t.strictSame(rest, {
        kind: 'Grant',
        accountId: USER,
        clientId: 'shop',
        openid: { scope },
      })
      t.equal(Number(exp) - Number(iat), 7_200)
      t.ok(Math.abs((grant?.left ?? 0) - 7_200) < 30)
    })

    await t.test('a client with refresh tokens has a grant that outlives them', async (t) => {
      await approve(await addDevice(db), { ...shop, refresh: true })
      const [grant] = await grants(db)
      t.ok((grant?.left ?? 0) > 14 * 86_400)
    })

    await t.test('a device that asks for no scope, or for none that there is', async (t) => {
      const device = await addDevice(db, 'made_up')
      t.equal(await approve(device), 'ok')
      t.match((await deviceRecord(db, device)).payload, { scope: '' })
      t.notOk('openid' in ((await grants(db))[0]?.payload ?? {}))
    })

    const late: [string, (userCode: string) => Promise<unknown>][] = [
      ['approved', (userCode) => approve(userCode)],
      ['declined', (userCode) => declineDevice(db, { userCode, clientId: 'shop' })],
      ['expired', () => sql`update oidc_records set expires_at = now()`.execute(db)],
      ['consumed', () => sql`update oidc_records set consumed_at = now()`.execute(db)],
    ]
    for (const [what, happen] of late) {
      await t.test(`one that is ${what} is neither approved nor declined`, async (t) => {
        const device = await addDevice(db)
        await happen(device)
        const before = await deviceRecord(db, device)
        const had = (await grants(db)).length
        t.equal(await approve(device), 'TICKET_EXPIRED')
        await declineDevice(db, { userCode: device, clientId: 'shop' })
        const { payload, grant_id: grantId } = await deviceRecord(db, device)
        t.strictSame([payload, grantId], [before.payload, before.grant_id])
        t.equal((await grants(db)).length, had)
      })
    }

    await t.test('another client’s device, and one that there is not, stay alone', async (t) => {
      const device = await addDevice(db)
      const other = { ...shop, id: 'other' }
      t.equal(await approve(device, other), 'TICKET_EXPIRED')
      await declineDevice(db, { userCode: device, clientId: 'other' })
      t.equal(await approve(newUserCode()), 'TICKET_EXPIRED')
      t.notMatch((await deviceRecord(db, device)).payload, { accountId: /./ })
      t.notMatch((await deviceRecord(db, device)).payload, { error: /./ })
      t.same(await grants(db), [])
    })

    await t.test('a device that is declined hears so', async (t) => {
      const userCode = await addDevice(db)
      await declineDevice(db, { userCode, clientId: 'shop' })
      t.match((await deviceRecord(db, userCode)).payload, { error: 'access_denied' })
    })

    await t.test('a client that is disabled signs no device in', async (t) => {
      const devices = createDevices()
      const device = { userCode: await addDevice(db), clientId: 'shop' }
      await sql`update oidc_clients set disabled_at = now()`.execute(db)
      t.equal(await outcome(devices.approve(db, device, by)), 'TICKET_EXPIRED')
      await sql`update oidc_clients set disabled_at = null`.execute(db)
      t.equal(await outcome(devices.approve(db, device, by)), 'ok')
    })
  })
}
