import { sql } from 'kysely'
import t from 'tap'
import { addClient, addDevice, deviceRecord, grants, ticketFor } from '../fixtures/device.ts'
import { startInstance } from '../fixtures/instance.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'
import { rowLock } from '../fixtures/postgres/row-lock.ts'
import { stored, trailOf } from '../fixtures/tickets/observe.ts'

/** A phone decides about a ticket and the device that waits for it: about both, or about neither. */

const databaseUrl = await postgresUrl(t)
const app = await startInstance(t, { databaseUrl, oidc: {}, matchMode: 'off' })
const { db } = app
await addClient(db)

const answerOf = async (userCode: string): Promise<string> => {
  const { payload } = await deviceRecord(db, userCode)
  if ('accountId' in payload) return 'approved'
  return 'error' in payload ? 'declined' : 'waits'
}
const statusOf = async (scene: string) => (await stored(db, scene))?.['status']

t.test('one device, four tickets, four phones at once: one signs it in', async (t) => {
  for (let round = 0; round < 5; round++) {
    const device = await addDevice(db)
    const had = (await grants(db)).length
    const tickets = await Promise.all(
      ['alice', 'bob', 'carol', 'dave'].map(async (user) => {
        const ticket = await ticketFor(db, device)
        await app.scan(ticket, user)
        return { ...ticket, user }
      }),
    )
    const answers = await Promise.all(tickets.map((ticket) => app.login(ticket, ticket.user)))
    t.same(answers.map(({ status }) => status).toSorted(), [200, 410, 410, 410])
    const { payload } = await deviceRecord(db, device)
    for (const [i, { scene }] of tickets.entries()) {
      const { status, body } = answers[i] ?? {}
      t.equal(await statusOf(scene), status === 200 ? 'confirmed' : 'scanned')
      if (status === 200) t.equal(payload['accountId'], body.user.id)
      else t.equal(body.code, 'TICKET_EXPIRED')
      t.equal((await trailOf(db, scene)).length, status === 200 ? 1 : 0)
    }
    t.equal((await grants(db)).length, had + 1)
  }
})

t.test('a device that cannot be approved leaves the ticket as it was', async (t) => {
  const device = await addDevice(db)
  const ticket = await ticketFor(db, device)
  await app.scan(ticket, 'alice')
  await sql`update oidc_records set expires_at = now() where user_code = ${device}`.execute(db)
  const before = await stored(db, ticket.scene)
  t.match(await app.login(ticket, 'alice'), { status: 410, body: { code: 'TICKET_EXPIRED' } })
  t.strictSame(await stored(db, ticket.scene), before)
  t.same(await trailOf(db, ticket.scene), [])
})

t.test('a ticket that cannot be confirmed leaves the device as it was', async (t) => {
  const device = await addDevice(db)
  const ticket = await ticketFor(db, device)
  await app.scan(ticket, 'alice')
  await app.cancel(ticket)
  t.equal((await app.login(ticket, 'alice')).status, 410)
  t.equal(await answerOf(device), 'waits')
})

t.test('neither happens where the second of the two fails', async (t) => {
  const device = await addDevice(db)
  const ticket = await ticketFor(db, device)
  await app.scan(ticket, 'alice')
  await sql`alter table oidc_records rename column grant_id to elsewhere`.execute(db)
  t.equal((await app.login(ticket, 'alice')).status, 500)
  await sql`alter table oidc_records rename column elsewhere to grant_id`.execute(db)
  t.equal(await statusOf(ticket.scene), 'scanned')
  t.equal(await answerOf(device), 'waits')
  t.equal((await app.login(ticket, 'alice')).status, 200)
  t.equal(await answerOf(device), 'approved')
})

t.test('the same person twice at once, and once more, hears yes each time', async (t) => {
  const device = await addDevice(db)
  const ticket = await ticketFor(db, device)
  await app.scan(ticket, 'alice')
  const had = (await grants(db)).length
  const hold = await rowLock(t, databaseUrl)
  const both = await hold(ticket.scene, async (queued) => {
    const calls = [app.login(ticket, 'alice'), app.login(ticket, 'alice')]
    await queued(2)
    return calls
  })
  t.same(
    (await Promise.all(both)).map(({ status }) => status),
    [200, 200],
  )
  t.equal((await app.login(ticket, 'alice')).status, 200)
  t.equal((await grants(db)).length, had + 1)
  t.equal((await app.login(ticket, 'bob')).body.code, 'SCANNED_BY_ANOTHER')
})

t.test('to decline denies both, and another ticket signs the device in no more', async (t) => {
  const device = await addDevice(db)
  const [ticket, other] = [await ticketFor(db, device), await ticketFor(db, device)]
  t.equal((await app.deny(ticket, 'alice')).status, 200)
  t.equal((await app.deny(ticket, 'alice')).body.code, 'TICKET_DENIED', 'once')
  t.equal(await statusOf(ticket.scene), 'denied')
  t.equal(await answerOf(device), 'declined')
  t.equal((await app.login(other, 'bob')).body.code, 'TICKET_EXPIRED')
})

t.test('yes and no at once: ticket and device agree', async (t) => {
  for (let round = 0; round < 5; round++) {
    const device = await addDevice(db)
    const ticket = await ticketFor(db, device)
    await app.scan(ticket, 'alice')
    await Promise.all([app.login(ticket, 'alice'), app.deny(ticket, 'alice')])
    const pair = `${await statusOf(ticket.scene)} ${await answerOf(device)}`
    t.ok(['confirmed approved', 'denied declined'].includes(pair), pair)
  }
})

t.test('in mode choose three user codes, and a wrong one ends ticket and device', async (t) => {
  const choosing = await startInstance(t, { databaseUrl, oidc: {}, matchMode: 'choose' })
  const device = await addDevice(db)
  const ticket = await ticketFor(db, device)
  const { match } = (await choosing.scan(ticket, 'alice')).body
  t.ok(match.choices.includes(device))
  const [wrong] = match.choices.filter((code: string) => code !== device)
  t.equal((await choosing.login(ticket, 'alice', { match_code: '47' })).status, 403)
  t.equal(await answerOf(device), 'declined')
  t.match(await trailOf(db, ticket.scene), [{ reason: 'wrong_match_code', client_id: 'shop' }])

  const second = await addDevice(db)
  const again = await ticketFor(db, second)
  t.equal((await choosing.login(again, 'alice', { match_code: wrong })).status, 403)
  const third = await addDevice(db)
  const right = await ticketFor(db, third)
  t.equal((await choosing.login(right, 'alice', { match_code: third })).status, 200)
  t.match((await deviceRecord(db, third)).payload, { acr: 'urn:scenepass:acr:wechat-scan-match' })
})

t.test('where no provider runs any more no device is signed in', async (t) => {
  const without = await startInstance(t, { databaseUrl })
  const device = await addDevice(db)
  const ticket = await ticketFor(db, device)
  t.equal((await without.login(ticket, 'alice')).body.code, 'TICKET_EXPIRED')
  t.equal((await without.deny(ticket, 'alice')).status, 200)
  t.equal(await answerOf(device), 'waits')
})
