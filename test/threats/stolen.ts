import { decodeProtectedHeader } from 'jose'
import { sql } from 'kysely'
import t from 'tap'
import { SANDBOX_SECRET } from '../../src/config/sandbox.ts'
import { sweepTickets } from '../../src/tickets/sweep.ts'
import { createFixedKeyring } from '../../src/tokens/keyring.ts'
import { createLoginTokens } from '../../src/tokens/login-token.ts'
import { generateSigningJwk } from '../../src/tokens/signing-key.ts'
import { ISSUER } from '../fixtures/app.ts'
import { startInstance } from '../fixtures/instance.ts'
import { call } from '../fixtures/network/client.ts'
import { createWiretap, leaked } from '../fixtures/network/wiretap.ts'
import { allRows } from '../fixtures/postgres/rows.ts'
import { windows } from '../fixtures/tickets/arrange.ts'
import { endGrace, expire } from '../fixtures/tickets/time.ts'

/** What is stolen. */

t.test('threat 13: no thief signs in with a stolen database', async (t) => {
  const wiretap = createWiretap()
  const outside = await generateSigningJwk()
  const keyring = await createFixedKeyring(JSON.stringify({ keys: [outside] }))
  const settings = { issuer: ISSUER, audience: 'web', audienceMiniprogram: 'mini', ttl: 7200 }
  const { url, db, create, poll, scan, login } = await startInstance(t, {
    around: [wiretap.listen],
    keyring,
    tokens: createLoginTokens(keyring, settings),
  })
  const collected = await create()
  const forgotten = await create()
  for (const ticket of [collected, forgotten]) {
    await call(`${url}/ticket/${ticket.scene}/qrcode`)
    await scan(ticket, 'alice')
    await login(ticket, 'alice')
  }
  const { token } = (await poll(collected)).body
  t.match(await allRows(db), /eyJ[\w-]+\.[\w-]+\.[\w-]+/, 'a token waits for its collection')
  await endGrace(db, collected)
  await expire(db, forgotten)
  await sweepTickets(db, windows)

  const stolen = await allRows(db)
  t.match(stolen, collected.scene)
  t.equal(leaked(stolen, [collected.secret, forgotten.secret, token]), undefined)
  t.notMatch(stolen, /eyJ[\w-]+\.[\w-]+/, 'no token is left')
  t.equal(wiretap.sessionKeys.size, 4)
  t.equal(leaked(stolen, [...wiretap.sessionKeys, ...wiretap.accessTokens]), undefined)
  t.equal(leaked(stolen, [SANDBOX_SECRET]), undefined)

  t.equal(leaked(stolen, [outside.d as string]), undefined, 'keys can live outside')
  t.equal(decodeProtectedHeader(token).kid, outside.kid)
  const { keys } = (await call(`${url}/.well-known/jwks.json`)).body
  t.match(keys, [{ kid: outside.kid, d: undefined }])
})

t.test('threat 14: no thief signs in with a stolen log', async (t) => {
  const wiretap = createWiretap()
  const app = await startInstance(t, { logLevel: 'trace', around: [wiretap.listen] })
  const { url, db, create, poll, scan, deny } = app
  const secrets: string[] = [SANDBOX_SECRET]
  const keep = <T extends string>(value: T): T => (secrets.push(value), value)
  const loginCode = async (user: string) => keep(await app.loginCode(user))
  const login = async (ticket: { scene: string } | null, user: string, code?: string) =>
    call(`${url}/login`, {
      json: { code: code ?? (await loginCode(user)), ...(ticket ? { scene: ticket.scene } : {}) },
    })
  const fault = (json: object) => call(`${url}/sandbox/faults`, { json })

  const ticket = await create()
  keep(ticket.secret)
  await call(`${url}/ticket/${ticket.scene}/qrcode`)
  const code = await loginCode('alice')
  await call(`${url}/ticket/${ticket.scene}/scan`, { json: { code } })
  keep((await login(ticket, 'alice')).body.token)
  keep((await poll(ticket)).body.token)
  keep((await login(null, 'bob')).body.token)

  const wrong = keep('a-secret-that-is-wrong-but-may-be-right-elsewhere')
  await poll({ scene: ticket.scene, secret: wrong })
  await call(`${url}/ticket/${ticket.scene}?secret=${ticket.secret}`)
  await call(`${url}/nowhere?token=${ticket.secret}`)
  await login(null, 'alice', code)
  await login(null, 'alice', keep('CodeThatWasNeverGivenOut0123456789'))
  await login(null, 'mallory')
  const headers = { 'content-type': 'application/json' }
  for (const body of [
    `{"code":"${await loginCode('bob')}",}`,
    `{"code":${await loginCode('bob')}}`,
    `{"code":"${await loginCode('bob')}`,
    `{"code":["${await loginCode('bob')}"]}`,
    `{"code":"${await loginCode('bob')}","scene":"${keep('no scene but a secret')}"}`,
  ]) {
    t.equal((await call(`${url}/login`, { method: 'POST', headers, body })).status, 400)
  }
  for (const what of [
    { errcode: -1 },
    { errcode: 40013 },
    { errcode: 40125 },
    { errcode: 45011 },
    { hang_up: true },
    { http_status: 404 },
    { http_status: 502 },
  ]) {
    await fault({ api: 'code2session', ...what })
    t.ok((await login(null, 'carol')).status >= 400)
  }
  for (const what of [{ errcode: 40001 }, { errcode: 41030 }, { hang_up: true, times: 2 }]) {
    await fault({ api: 'getwxacodeunlimit', ...what })
    const other = await create()
    keep(other.secret)
    await call(`${url}/ticket/${other.scene}/qrcode`)
  }
  await deny(await create(), 'carol')
  await scan(await create(), 'carol')

  await sql`alter table identities rename to elsewhere`.execute(db)
  t.equal((await login(null, 'dave')).status, 500)

  const log = app.logged()
  const lines = log.trim().split('\n')
  t.ok(lines.length > 40, `${lines.length} lines`)
  for (const line of lines) JSON.parse(line)
  t.match(log, /"path":"\/login"/)
  t.match(log, /request failed/)
  t.match(log, /WeChat refuses our settings/)
  t.ok(wiretap.sessionKeys.size >= 3 && wiretap.accessTokens.size >= 1)
  t.ok(secrets.length > 20 && secrets.every((value) => value.length > 8))
  const all = [...secrets, ...wiretap.sessionKeys, ...wiretap.accessTokens]
  t.equal(leaked(log, all), undefined)
})
