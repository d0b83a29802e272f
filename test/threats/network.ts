import { decodeJwt } from 'jose'
import { sql } from 'kysely'
import t from 'tap'
import { startInstance, type Instance } from '../fixtures/instance.ts'
import { call, type Answer, type Json } from '../fixtures/network/client.ts'
import { createWiretap, leaked } from '../fixtures/network/wiretap.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'
import { allRows } from '../fixtures/postgres/rows.ts'

/** Threats from other websites and from the network. */

t.test('threat 5: answers say what they must and nothing else', async (t) => {
  const wiretap = createWiretap()
  const { url, db, create, poll, scan, login, deny } = await startInstance(t, {
    around: [wiretap.listen],
  })
  const keys = ({ body }: Answer<Json>) => Object.keys(body).sort().join()

  const ticket = await create()
  t.equal(
    Object.keys(ticket).sort().join(),
    'channel,expires_in,interval,match_code,match_mode,qrcode_url,scene,secret,status',
  )
  const pictured = await call(`${url}/ticket?image=true`, { method: 'POST' })
  t.equal(
    keys(pictured),
    'channel,expires_in,interval,match_code,match_mode,qrcode,qrcode_url,scene,secret,status',
  )
  const waiting = await poll(ticket)
  t.equal(keys(waiting), 'expires_in,interval,scene,status')
  const scanned = await scan(ticket, 'alice')
  t.equal(keys(scanned), 'expires_in,match,notices,requested_by,scene,site,status')
  const keysOf = (value: object) => Object.keys(value).sort().join()
  t.equal(keysOf(scanned.body.requested_by), 'at,browser,country,ip,os')
  t.equal(keysOf(scanned.body.match), 'code,mode')
  t.same(scanned.body.notices, [{ kind: 'new_browser' }])
  const confirmed = await login(ticket, 'alice')
  t.equal(keys(confirmed), 'scene,status,token,token_expires_in,token_type,user')
  t.equal(Object.keys(confirmed.body.user).sort().join(), 'created,id')
  const stranger = await poll({ scene: ticket.scene, secret: 'wrong' })
  t.equal(keys(stranger), 'code,error,message,statusCode')
  const delivered = await poll(ticket)
  t.equal(
    keys(delivered),
    'expires_in,interval,scene,status,token,token_expires_in,token_type,user',
  )
  t.same(Object.keys(delivered.body.user), ['id'])
  const declined = await deny(await create(), 'alice')
  t.equal(keys(declined), 'scene,status')

  const { openid, unionid } = decodeJwt<{ openid: string; unionid: string }>(delivered.body.token)
  const all = [ticket, waiting, scanned, confirmed, stranger, delivered, declined]
  t.equal(leaked(JSON.stringify(all), [openid, unionid]), undefined, 'only the token names them')
  t.equal(wiretap.sessionKeys.size, 3)
  t.equal(leaked(JSON.stringify(all) + (await allRows(db)), wiretap.sessionKeys), undefined)

  await sql`alter table tickets rename to elsewhere`.execute(db)
  const broken = await call(`${url}/ticket`, { json: {} })
  t.equal(broken.status, 500)
  t.equal(keys(broken), 'code,error,message,request_id,statusCode')
  t.notMatch(JSON.stringify(broken.body), /tickets|relation|42P01|sql/i)
})

t.test('threat 9: nothing in between keeps an answer or frames a page', async (t) => {
  const { url, create, poll, scan, login, cancel } = await startInstance(t, {
    publicUrl: 'https://login.example',
  })
  const ticket = await create()
  const path = `${url}/ticket/${ticket.scene}`
  const answers = [
    await call(`${url}/ticket`, { json: {} }),
    await call(`${url}/ticket`, { json: { scene: 'x' } }),
    await call(path),
    await call(`${path}/qrcode`),
    await poll(ticket),
    await scan(ticket, 'alice'),
    await login(ticket, 'alice'),
    await poll(ticket),
    await cancel(await create()),
    await call(`${url}/ticket/none`),
  ]
  for (const { status, headers } of answers) {
    t.equal(headers.get('cache-control'), 'no-store', `${status}`)
  }
  const others = ['/livez', '/readyz', '/openapi.json', '/.well-known/jwks.json', '/none', '/%']
  for (const { status, headers } of [
    ...answers,
    ...(await Promise.all(others.map((path) => call(url + path)))),
  ]) {
    t.equal(headers.get('x-content-type-options'), 'nosniff', `${status}`)
  }
  const page = await call(`${url}/`)
  t.match(page.headers.get('content-security-policy'), /frame-ancestors 'none'/)
  t.match(page.headers.get('content-security-policy'), /default-src 'none'/)
  t.notMatch(page.headers.get('content-security-policy'), /unsafe/)
  t.match(page.headers.get('strict-transport-security'), /max-age=31536000/)
  t.equal(page.headers.get('referrer-policy'), 'no-referrer')
})

t.test('threat 9: no link makes the hosted page send a login elsewhere', async (t) => {
  const listed = 'https://www.example/in'
  const { url } = await startInstance(t, { returnUrls: [listed], sandbox: null })
  const open = (address: string) =>
    call(`${url}/?${new URLSearchParams({ return_to: address, state: '"><a>' }).toString()}`)
  const page = await open(listed)
  t.match(page.headers.get('content-security-policy'), /form-action https:\/\/www\.example;/)
  t.match(page.body, `method="post" action="${listed}"`)
  t.notMatch(page.body, '"><a>', 'and the state adds no markup to it')
  for (const address of ['https://evil.example/in', `${listed}/`, `${listed}@evil.example`]) {
    t.match(await open(address), { status: 400, body: { code: 'INVALID_REQUEST' } })
  }
})

t.test('threat 10: a forged X-Forwarded-For is not believed', async (t) => {
  const rates = { create: 3, phone: 100 }
  const direct = await startInstance(t, { rates })
  const from = (base: string, address: string) =>
    call(`${base}/ticket`, { json: {}, headers: { 'x-forwarded-for': address } })
  const ipOf = async (app: Instance, ticket: { scene: string }) =>
    (await app.scan(ticket, 'alice')).body.requested_by.ip

  t.equal(await ipOf(direct, (await from(direct.url, '198.51.100.7')).body), '127.0.0.1')
  await from(direct.url, '198.51.100.8')
  await from(direct.url, '198.51.100.9')
  t.equal((await from(direct.url, '198.51.100.10')).body.code, 'RATE_LIMITED', 'no fresh budget')

  const proxied = await startInstance(t, { rates, trustProxy: ['127.0.0.1'] })
  t.equal(await ipOf(proxied, (await from(proxied.url, '198.51.100.7')).body), '198.51.100.7')
  const forged = (await from(proxied.url, '203.0.113.66, 198.51.100.8')).body
  t.equal(await ipOf(proxied, forged), '198.51.100.8', 'only what the trusted proxy added counts')

  const locationHeader = 'CF-IPCountry'
  const exposed = await startInstance(t, { trustProxy: ['10.0.0.1'], locationHeader })
  const behind = await startInstance(t, { trustProxy: ['127.0.0.1'], locationHeader })
  for (const [app, country] of [
    [exposed, null],
    [behind, 'US'],
  ] as const) {
    const headers = { 'x-forwarded-for': '10.0.0.1', 'cf-ipcountry': 'US' }
    const { body: ticket } = await call(`${app.url}/ticket`, { json: {}, headers })
    const { body } = await app.scan(ticket, 'alice')
    t.equal(body.requested_by.country, country, 'nor is a country')
    t.notMatch(JSON.stringify(body.notices), /other_country/, 'the phone’s is not guessed')
  }
})

t.test('threat 11: floods are refused, across instances', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const rates = { create: 7, phone: 6 }
  const a = await startInstance(t, { databaseUrl, rates })
  const b = await startInstance(t, { databaseUrl, rates })

  const big = { scene: 'x'.repeat(16 * 1024) }
  t.match(await call(`${a.url}/ticket`, { json: big }), {
    status: 413,
    body: { code: 'BODY_TOO_LARGE' },
  })

  // That one counted, too: six are left.
  const created: Answer<Json>[] = []
  for (let i = 0; i < 7; i++) {
    created.push(await call(`${i % 2 === 0 ? a.url : b.url}/ticket`, { json: {} }))
  }
  t.same(
    created.map(({ status }) => status),
    [201, 201, 201, 201, 201, 201, 429],
  )
  t.match(created[6]?.body, { code: 'RATE_LIMITED' })
  t.ok(Number(created[6]?.headers.get('retry-after')) > 0)

  const phone: number[] = []
  for (let i = 0; i < 7; i++) {
    const instance = i % 2 === 0 ? a : b
    const code = await instance.loginCode('alice')
    phone.push((await call(`${instance.url}/login`, { json: { code } })).status)
  }
  t.same(phone, [200, 200, 200, 200, 200, 200, 429])

  // Codes that WeChat refuses are no logins, and have a budget of their own.
  const apart = await startInstance(t, { rates })
  const junk: number[] = []
  for (let i = 0; i < 14; i++) {
    junk.push((await call(`${apart.url}/login`, { json: { code: `invented-${i}` } })).status)
  }
  t.same([...new Set(junk.slice(0, 10))], [400])
  t.same([...new Set(junk.slice(11))], [429])
  const own = await call(`${apart.url}/login`, {
    json: { code: await apart.loginCode('alice') },
  })
  t.equal(own.status, 200, 'they use up nothing of what the others there may do')

  const [ticket, neighbour] = created.map(({ body }) => body)
  let paced: Answer<Json> | undefined
  for (let i = 0; i < 60 && paced?.status !== 429; i++) paced = await a.poll(ticket)
  t.match(paced, { status: 429, body: { code: 'SLOW_DOWN' } })
  t.ok(Number(paced?.headers.get('retry-after')) > 0)
  t.equal((await a.poll(neighbour)).status, 200, 'the pace is the ticket’s, not the address’s')

  let missed: Answer<Json> | undefined
  for (let i = 0; i < 400 && missed?.status !== 429; i++) missed = await call(`${b.url}/no/${i}`)
  t.match(missed, { status: 429, body: { code: 'RATE_LIMITED' } })

  const busy = await startInstance(t, { databaseUrl, databaseBusy: () => true })
  const shed = await call(`${busy.url}/ticket`, { json: {} })
  t.match(shed, { status: 503, body: { code: 'OVERLOADED' } }, 'before memory grows')
  t.ok(Number(shed.headers.get('retry-after')) > 0)
})

t.test('threat 12: another origin’s page cannot drive the API', async (t) => {
  const origins = (answer: Answer<Json>) => answer.headers.get('access-control-allow-origin')
  const ask = (base: string, origin: string) =>
    call(`${base}/ticket`, { json: {}, headers: { origin } })
  const closed = await startInstance(t)
  t.equal(origins(await ask(closed.url, 'https://evil.example')), null)
  const open = await startInstance(t, { corsOrigins: ['https://www.example'] })
  t.equal(origins(await ask(open.url, 'https://www.example')), 'https://www.example')
  t.not(origins(await ask(open.url, 'https://evil.example')), 'https://evil.example')
  t.not(origins(await ask(open.url, 'https://evil.example')), '*')
  const answer = await ask(open.url, 'https://www.example')
  t.equal(answer.headers.get('access-control-allow-credentials'), null)
  t.equal(answer.headers.get('set-cookie'), null, 'no cookie carries authority')
  const phone = await call(`${open.url}/login`, {
    json: { code: 'x' },
    headers: { origin: 'https://www.example' },
  })
  t.equal(origins(phone), null, 'phones are no browsers')
})
