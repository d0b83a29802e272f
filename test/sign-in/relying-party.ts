import { decodeJwt } from 'jose'
import t from 'tap'
import { addClient, addDevice, APP, ticketFor } from '../fixtures/device.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { startDoor } from '../fixtures/official-account.ts'
import { trailOf } from '../fixtures/tickets/observe.ts'

/** What phone, token, audit trail, log and chat say of a ticket that signs in to another app. */

const door = await startDoor(t, { oidc: {}, matchMode: 'off', logLevel: 'info' })
const app = { ...door, ...clientOf(door.url) }
const { db } = app
await addClient(db)

const lineOf = (scene: string): Record<string, unknown> | undefined =>
  app
    .logged()
    .split('\n')
    .filter((line) => line.includes(scene.slice(0, 8)))
    .map((line) => JSON.parse(line) as Record<string, unknown>)
    .at(-1)

t.test(
  'an app: its name on the phone, its audience in the token, its id in trail and log',
  async (t) => {
    const ticket = await ticketFor(db, null)
    const { body: question } = await app.scan(ticket, 'alice')
    t.equal(question.site, 'Shop')
    t.notOk('device' in question)
    t.strictSame(question.match, { mode: 'off' })
    const login = await app.login(ticket, 'alice')
    t.equal(login.status, 200)
    t.equal(decodeJwt(login.body.token).aud, 'miniprogram', 'the phone has its own, as ever')
    t.notOk('acr' in decodeJwt(login.body.token))
    const { token } = (await app.poll(ticket)).body
    t.match(decodeJwt(token), { aud: APP.audience, acr: 'urn:scenepass:acr:wechat-scan' })
    t.match(await trailOf(db, ticket.scene), [{ outcome: 'confirmed', client_id: 'shop' }])
    t.match(lineOf(ticket.scene), { outcome: 'confirmed', client: 'shop' })

    const declined = await ticketFor(db, null)
    await app.deny(declined, 'alice')
    t.match(await trailOf(db, declined.scene), [{ outcome: 'denied', client_id: 'shop' }])
    t.match(lineOf(declined.scene), { outcome: 'denied', client: 'shop' })
  },
)

t.test('the service’s own site is as it was', async (t) => {
  const ticket = await app.create()
  const { body: question } = await app.scan(ticket, 'alice')
  t.equal(question.site, 'Example')
  t.notOk('device' in question)
  await app.login(ticket, 'alice')
  const claims = decodeJwt((await app.poll(ticket)).body.token)
  t.equal(claims.aud, 'web')
  t.notOk('acr' in claims)
  t.match(await trailOf(db, ticket.scene), [{ client_id: null }])
  t.notOk('client' in (lineOf(ticket.scene) ?? {}))
})

t.test(
  'a device: its user code is shown without MATCH_CODE, too, and what is known of it',
  async (t) => {
    const device = await addDevice(db)
    const ticket = await ticketFor(db, device)
    t.equal(ticket.match_code, device)
    const { body: question } = await app.scan(ticket, 'alice')
    const { at, ...requestedBy } = question.requested_by
    t.strictSame(requestedBy, { ip: '198.51.100.20', country: null, browser: null, os: 'Android' })
    t.ok(Math.abs(Date.now() - Date.parse(at) - 90_000) < 30_000, 'when the device asked')
    t.strictSame(question.device, { user_code: device })
    t.strictSame(question.match, { mode: 'show', code: device })
    t.equal((await app.login(ticket, 'alice')).status, 200)
  },
)

t.test('the chat names the app and says where it is a device', async (t) => {
  const device = await addDevice(db)
  const ofDevice = await ticketFor(db, device, 'official_account')
  const reply = await door.scan('alice', ofDevice.scene)
  t.match(reply, /^在设备上登录“Shop”？ Sign in on a device\?\nAndroid\n198\.51\.100\.20\n/)
  const code = app.proofOf(reply)
  const { body } = await app.phone(`/ticket/${ofDevice.scene}/scan`, { code })
  t.match(body, { site: 'Shop', device: { user_code: device } })
  const ofApp = await ticketFor(db, null, 'official_account')
  t.match(await door.scan('alice', ofApp.scene), /^登录“Shop”？ Sign in\?\n/)
})
