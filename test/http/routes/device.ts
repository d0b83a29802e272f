import { sql } from 'kysely'
import t from 'tap'
import { call, clientOf } from '../../fixtures/network/client.ts'
import { startStage } from '../../fixtures/oidc/stage.ts'

const TV =
  'Mozilla/5.0 (Linux; Android 12) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/143.0.0.0 Safari/537.36'

const stage = await startStage(t, {
  app: { name: 'TV <b>', device: true, public: true },
  logLevel: 'trace',
  trustProxy: ['127.0.0.1'],
  matchMode: 'off',
})
const { db, app, urls } = stage
const url = urls[0] as string
const phone = clientOf(url)

async function ask(): Promise<string> {
  const { body } = await call(`${url}/oidc/device_authorization`, {
    method: 'POST',
    body: `client_id=${app.id}&scope=openid`,
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      'user-agent': TV,
      'x-forwarded-for': '203.0.113.9',
    },
  })
  return body.user_code as string
}
const read = (path: string, language = 'en') =>
  call(`${url}${path}`, {
    headers: { accept: 'text/html', 'accept-language': language },
  })
const begin = (userCode: string, headers: Record<string, string> = {}) =>
  call(`${url}/d/${userCode}/ticket`, { method: 'POST', headers })
const age = (userCode: string, seconds: number) =>
  sql`
  update oidc_records set expires_at = expires_at - ${seconds}::int * interval '1 second'
  where user_code = ${userCode}
`.execute(db)

t.test('a person types the code as they like, and needs no script for it', async (t) => {
  const { status, body, headers } = await read('/d')
  t.equal(status, 200)
  t.match(body, /<form class="code" action="\/d">/)
  t.match(headers.get('content-security-policy'), "form-action 'self'")
  t.match(headers.get('content-security-policy'), "frame-ancestors 'none'")
  const code = await ask()
  for (const typed of [
    code,
    code.toLowerCase(),
    code.replace('-', ''),
    ` ${code.replace('-', ' ')} `,
    code
      .replace('-', '－')
      .replace(/[A-Z]/g, (c) => String.fromCodePoint(c.charCodeAt(0) + 0xfee0)),
  ]) {
    const answer = await read(`/d?user_code=${encodeURIComponent(typed)}`)
    t.equal(answer.status, 303, typed)
    t.equal(answer.headers.get('location'), `/d/${code}`)
    const direct = await read(`/d/${encodeURIComponent(typed)}`)
    t.equal(direct.status, typed === code ? 200 : 303)
  }
  for (const typed of ['', 'ABCD', 'AAAA-AAAA', '<script>', 'x'.repeat(300)]) {
    const answer = await read(`/d?user_code=${encodeURIComponent(typed)}`, 'zh')
    t.equal(answer.status, 400, typed)
    t.match(answer.body, /没有设备在等待这个代码/)
    t.notMatch(answer.body, '<script>')
  }
})

t.test('its page says which app, and which device', async (t) => {
  const code = await ask()
  await age(code, 130)
  const { status, body, headers } = await read(`/d/${code}`)
  t.equal(status, 200)
  t.match(body, `begin="/d/${code}/ticket"`)
  t.match(body, `<p class="user-code">${code}</p>`)
  t.match(body, 'Sign in to TV &lt;b&gt; on your device')
  for (const fact of ['203.0.113.9', 'Android', '2 minutes ago']) t.match(body, fact)
  t.same(headers.getSetCookie(), [])
  t.equal(headers.get('cache-control'), 'no-store')
})

t.test(
  'the ticket is the device’s: what the phone is told is the device, not the page',
  async (t) => {
    const code = await ask()
    await age(code, 60)
    const {
      status,
      headers,
      body: ticket,
    } = await begin(code, { 'x-forwarded-for': '198.51.100.1' })
    t.equal(status, 201)
    t.equal(headers.get('vary'), '*')
    t.equal(ticket.match_code, code, 'also where MATCH_CODE is off')
    const { rows } = await sql`
    select client_id, audience, device from tickets where scene = ${ticket.scene}
  `.execute(db)
    t.same(rows, [{ client_id: app.id, audience: `${stage.issuer}/d/${code}`, device: code }])
    const { body: scanned } = await phone.scan(ticket, 'alice')
    t.match(scanned, {
      site: 'TV <b>',
      device: { user_code: code },
      requested_by: { ip: '203.0.113.9', os: 'Android' },
    })
    const late = Date.now() - Date.parse(scanned.requested_by.at)
    t.ok(late >= 59_000 && late < 75_000, `${late} ms ago`)
    t.equal((await call(`${url}${ticket.qrcode_url}`)).status, 410, 'scanned: as of every ticket')
  },
)

t.test('one that waits no more gets no ticket, and its page says why', async (t) => {
  const approved = await ask()
  const { body: ticket } = await begin(approved)
  t.equal((await phone.login(ticket, 'alice')).status, 200)
  t.match(await begin(approved), { status: 410, body: { code: 'TICKET_CONSUMED' } })
  t.match((await read(`/d/${approved}`)).body, /The device is signed in/)
  const { body: poll } = await phone.poll(ticket)
  const nowhere = await call(`${url}/oidc/userinfo`, {
    headers: { authorization: `Bearer ${poll.token}` },
  })
  t.equal(nowhere.status, 401, 'the page’s token is worth nothing')

  const declined = await ask()
  await phone.deny((await begin(declined)).body, 'alice')
  t.match(await begin(declined), { status: 410, body: { code: 'TICKET_DENIED' } })
  t.match((await read(`/d/${declined}`, 'zh')).body, /已拒绝登录/)

  const expired = await ask()
  await age(expired, 601)
  t.match(await begin(expired), { status: 410, body: { code: 'TICKET_EXPIRED' } })
  const { body } = await read(`/d/${expired}`)
  t.match(body, /The code has expired/)
  t.match(body, /<form class="code"/)

  const unknown = await read('/d/BBBB-BBBB')
  t.equal(unknown.status, 404)
  t.match(unknown.body, /value="BBBB-BBBB"/)
  t.match(await call(`${url}/d/BBBB-BBBB`), { status: 404, body: { code: 'TICKET_NOT_FOUND' } })
  t.equal((await begin('BBBB-BBBB')).status, 404)

  const disabled = await ask()
  await sql`update oidc_clients set disabled_at = now()`.execute(db)
  t.equal((await begin(disabled)).status, 404)
  t.equal((await read(`/d/${disabled}`)).status, 404)
  await sql`update oidc_clients set disabled_at = null`.execute(db)
})

t.test('a foreign page begins no ticket', async (t) => {
  const code = await ask()
  t.equal((await begin(code, { origin: 'https://evil.example' })).status, 403)
  t.equal((await begin(code, { 'sec-fetch-site': 'cross-site' })).status, 403)
})

t.test('guesses of user codes are limited per address', async (t) => {
  const code = await ask()
  const statuses = new Set<number>()
  for (let i = 0; i < 70; i++) {
    const guess = `BBBB-${[...`${1000 + i}`].map((digit) => 'BCDFGHJKLM'[Number(digit)]).join('')}`
    statuses.add((await read(`/d/${guess}`)).status)
    statuses.add((await begin(guess)).status)
  }
  t.same([...statuses], [404, 429])
  const other = { 'x-forwarded-for': '198.51.100.7' }
  t.equal((await begin(code, other)).status, 201, 'another address is not')
})

t.test('the log at trace has patterns alone', async (t) => {
  const log = stage.logged()
  for (const path of ['/d', '/d/:user_code', '/d/:user_code/ticket']) {
    t.match(log, `"path":"${path}"`)
  }
  const { rows } = await sql<{ code: string }>`
    select user_code as code from oidc_records where user_code is not null
  `.execute(db)
  t.ok(rows.length > 5)
  for (const { code } of rows) t.notMatch(log, code)
  t.notMatch(log, 'BBBB-')
})
