import { sql } from 'kysely'
import t from 'tap'
import type { ErrorCode } from '../../../src/errors.ts'
import { startApp } from '../../fixtures/app.ts'
import { call, clientOf } from '../../fixtures/network/client.ts'
import { postgresUrl } from '../../fixtures/postgres/database.ts'
import { refused } from '../../fixtures/refused.ts'
import { arrange, situations, type Situation } from '../../fixtures/tickets/arrange.ts'
import { eachSituation } from '../../fixtures/tickets/each-situation.ts'
import { endGrace } from '../../fixtures/tickets/time.ts'

const databaseUrl = await postgresUrl(t)
const { url, db } = await startApp(t, { databaseUrl })
const { create, poll, cancel, scan, login } = clientOf(url)

const bearer = (secret: string) => ({ headers: { authorization: `Bearer ${secret}` } })

/** What a poll says. */
const statuses: Record<Situation, string> = {
  pending: 'pending',
  scanned: 'scanned',
  confirmed: 'confirmed',
  delivered: 'confirmed',
  consumed: 'consumed',
  denied: 'denied',
  canceled: 'canceled',
  'expired unscanned': 'expired',
  'expired undecided': 'expired',
  'expired uncollected': 'expired',
}

t.test('a new ticket has a scene, a secret, a location and nothing that WeChat made', async (t) => {
  const answers = [
    await call(`${url}/ticket`, { method: 'POST' }),
    await call(`${url}/ticket`, { json: {} }),
    await call(`${url}/ticket`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
    }),
  ]
  for (const { status, headers, body } of answers) {
    t.equal(status, 201)
    t.equal(headers.get('cache-control'), 'no-store')
    t.match(headers.get('content-type'), /^application\/json/)
    t.equal(headers.get('location'), `/ticket/${body.scene}`)
    t.match(body, {
      scene: /^[A-Za-z0-9_-]{22,32}$/,
      secret: /^[A-Za-z0-9_-]{43,}$/,
      match_code: /^[1-9]\d$/,
    })
    const { scene, secret, match_code: _, ...rest } = body
    t.strictSame(rest, {
      status: 'pending',
      channel: 'miniprogram',
      expires_in: 120,
      interval: 2,
      match_mode: 'show',
      qrcode_url: `/ticket/${scene}/qrcode`,
    })
    t.notMatch(JSON.stringify([...headers]), secret, 'the secret is in the body alone')
  }
  t.equal(new Set(answers.flatMap(({ body }) => [body.scene, body.secret])).size, 6)
  t.equal((await call(`${url}/sandbox/calls`)).body.getwxacodeunlimit, 0)
})

t.test('creating a ticket does not wait for WeChat', async (t) => {
  const stuck = { codeImage: () => new Promise<never>(() => {}) }
  const other = await startApp(t, { databaseUrl, wechat: stuck as never })
  t.equal((await call(`${other.url}/ticket`, { method: 'POST' })).status, 201)
})

t.test('a browser may bring a scene of its own making, once', async (t) => {
  for (const scene of ['A'.repeat(22), `${'z_-9'.repeat(8)}`]) {
    const first = await call(`${url}/ticket`, { json: { scene } })
    t.match(first, { status: 201, body: { scene, qrcode_url: `/ticket/${scene}/qrcode` } })
    refused(t, await call(`${url}/ticket`, { json: { scene } }), 409, 'SCENE_TAKEN')
    t.match(await poll(first.body), { status: 200, body: { status: 'pending' } }, 'undisturbed')
  }
  for (const scene of [
    'A'.repeat(21),
    'A'.repeat(33),
    `${'A'.repeat(22)}=`,
    '',
    `${'A'.repeat(22)}\n`,
  ]) {
    const answer = await call(`${url}/ticket`, { json: { scene } })
    refused(t, answer, 400, 'INVALID_REQUEST')
    t.match(answer.body.message, /scene/, 'the field is named')
  }
})

t.test('a poll answers exactly what its state allows', (t) =>
  eachSituation(t, db, statuses, async (t, ticket, status) => {
    const answer = await poll(ticket)
    t.equal(answer.status, 200)
    t.equal(answer.headers.get('cache-control'), 'no-store')
    const { token, expires_in, user, ...rest } = answer.body
    const interval = { pending: 2, scanned: 1 }[status] ?? 0
    t.type(expires_in, 'number')
    if (status === 'confirmed') {
      t.match(token, /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/)
      t.equal(token, ticket.token)
      t.match(user.id, /^[0-9a-f-]{36}$/)
      t.strictSame(Object.keys(user), ['id'])
      t.ok(rest.token_expires_in > 7190 && rest.token_expires_in <= 7200)
      delete rest.token_expires_in
      t.strictSame(rest, { scene: ticket.scene, status, interval, token_type: 'Bearer' })
    } else {
      t.strictSame([token, user], [undefined, undefined])
      t.strictSame(rest, { scene: ticket.scene, status, interval })
      t.equal(expires_in > 0, interval > 0, `${expires_in} s left`)
    }
    t.notMatch(JSON.stringify(answer.body), /openid|unionid|session_key|secret/)
  }),
)

t.test('a poll is a pure read until the token is delivered', async (t) => {
  const rowOf = async ({ scene }: { scene: string }) =>
    (await sql`select xmin::text, t.* from tickets as t where scene = ${scene}`.execute(db)).rows
  for (const situation of situations) {
    if (situation === 'confirmed' || situation === 'consumed') continue
    const ticket = await arrange(db, situation)
    const before = await rowOf(ticket)
    await poll(ticket)
    await call(`${url}/ticket/${ticket.scene}`)
    t.strictSame(await rowOf(ticket), before, situation)
  }
})

t.test('a lost answer is repeated for 30 seconds, then the token is gone', async (t) => {
  const ticket = await arrange(db, 'confirmed')
  const first = await poll(ticket)
  await endGrace(db, ticket, 28)
  t.match(await poll(ticket), { body: { status: 'confirmed', token: first.body.token } })
  await endGrace(db, ticket)
  const late = await poll(ticket)
  t.strictSame(late.body, {
    scene: ticket.scene,
    status: 'consumed',
    expires_in: 0,
    interval: 0,
  })
  const kept = await sql`select token from tickets where scene = ${ticket.scene}`.execute(db)
  t.strictSame(kept.rows, [{ token: null }])
})

t.test('a missing or wrong secret is 401 in every state, and always the same', async (t) => {
  const own = await startApp(t, { databaseUrl })
  const stranger = await create()
  const answers = new Set<string>()
  for (const situation of situations) {
    const ticket = await arrange(db, situation)
    const path = `${own.url}/ticket/${ticket.scene}`
    const before = (await sql`select * from tickets where scene = ${ticket.scene}`.execute(db)).rows
    for (const init of [
      {},
      bearer(stranger.secret),
      bearer(`${ticket.secret.slice(0, -1)}${ticket.secret.endsWith('a') ? 'b' : 'a'}`),
      { headers: { authorization: `Basic ${btoa(`x:${ticket.secret}`)}` } },
      { headers: { authorization: ticket.secret } },
    ]) {
      for (const method of ['GET', 'DELETE']) {
        const answer = await call(path, { ...init, method })
        refused(t, answer, 401, 'BAD_SECRET')
        t.equal(answer.headers.get('www-authenticate'), 'Bearer', `${method} when ${situation}`)
        answers.add(JSON.stringify(answer.body))
      }
    }
    refused(t, await call(`${path}?secret=${ticket.secret}`), 401, 'BAD_SECRET')
    const after = (await sql`select * from tickets where scene = ${ticket.scene}`.execute(db)).rows
    t.strictSame(after, before, `nothing happened to what is ${situation}`)
  }
  t.equal(answers.size, 1)
})

t.test('a scene that no ticket has is 404, also where it has not the shape of one', async (t) => {
  const own = await startApp(t, { databaseUrl })
  const unknown = [
    'A1'.repeat(11),
    'x',
    'A'.repeat(33),
    '%00',
    '..%2f',
    'a'.repeat(300),
    '%E7%A0%81',
  ]
  for (const scene of unknown) {
    const path = `${own.url}/ticket/${scene}`
    for (const answer of [
      await call(path),
      await call(path, bearer('A'.repeat(43))),
      await call(path, { method: 'DELETE', ...bearer('A'.repeat(43)) }),
      await call(`${path}/qrcode`),
    ]) {
      refused(t, answer, 404, 'TICKET_NOT_FOUND')
      t.equal(answer.headers.get('www-authenticate'), null)
    }
  }
})

t.test('DELETE cancels what is open, as often as it is asked', async (t) => {
  for (const situation of ['pending', 'scanned'] as const) {
    const ticket = await arrange(db, situation)
    for (let i = 0; i < 3; i++) {
      const answer = await cancel(ticket)
      t.strictSame([answer.status, answer.body], [204, ''])
      t.equal(answer.headers.get('cache-control'), 'no-store')
    }
    t.match(await poll(ticket), { body: { status: 'canceled', interval: 0 } })
    t.match(await scan(ticket, 'alice'), { status: 410, body: { code: 'TICKET_CANCELED' } })
    t.match(await login(ticket, 'alice'), { status: 410, body: { code: 'TICKET_CANCELED' } })
  }
})

t.test('DELETE does not undo what is decided', (t) => {
  const answers: Partial<Record<Situation, [status: number, code: ErrorCode]>> = {
    confirmed: [409, 'ALREADY_CONFIRMED'],
    delivered: [410, 'TICKET_CONSUMED'],
    consumed: [410, 'TICKET_CONSUMED'],
    denied: [410, 'TICKET_DENIED'],
    'expired unscanned': [410, 'TICKET_EXPIRED'],
    'expired undecided': [410, 'TICKET_EXPIRED'],
    'expired uncollected': [410, 'TICKET_EXPIRED'],
  }
  return eachSituation(t, db, answers, async (t, ticket, [status, code], situation) => {
    refused(t, await cancel(ticket), status, code)
    t.match(await poll(ticket), { status: 200, body: { status: statuses[situation] } })
  })
})

t.test('an expired ticket says so to browser and phone', async (t) => {
  const ticket = await arrange(db, 'expired undecided')
  t.match(await poll(ticket), { body: { status: 'expired', expires_in: 0, interval: 0 } })
  refused(t, await login(ticket, 'alice'), 410, 'TICKET_EXPIRED')
  refused(t, await call(`${url}/ticket/${ticket.scene}/qrcode`), 410, 'TICKET_EXPIRED')
})

t.test('a HEAD takes no token away', async (t) => {
  const ticket = await arrange(db, 'confirmed')
  const head = await call(`${url}/ticket/${ticket.scene}`, {
    method: 'HEAD',
    ...bearer(ticket.secret),
  })
  t.equal(head.status, 405)
  t.match(await poll(ticket), { body: { status: 'confirmed', token: String } })
})
