import { decodeJwt } from 'jose'
import { sql } from 'kysely'
import t from 'tap'
import { sandboxOfficialAccount } from '../../src/config/sandbox.ts'
import { startApp } from '../fixtures/app.ts'
import { call, type Created } from '../fixtures/network/client.ts'
import { startDoor as start, type DoorTicket as Ticket } from '../fixtures/official-account.ts'
import { eventXml, plainPush, securePush } from '../fixtures/pushes.ts'

/** The official account's door, from the code to the token. */

t.test('a stranger follows, opens the link, confirms; the page has its token', async (t) => {
  const { url, create, scan, proofOf, phone, poll } = await start(t)
  const ticket = await create()
  t.equal(ticket.channel, 'official_account')
  const image = await fetch(`${url}/ticket/${ticket.scene}/qrcode`)
  t.same([image.status, image.headers.get('content-type')], [200, 'image/png'])

  const reply = await scan('alice', ticket.scene)
  t.match(reply, /登录“Example”？/)
  t.match(reply, /127\.0\.0\.1/)
  t.match(reply, new RegExp(`<a href="${url}/confirm#${ticket.scene}\\.`))
  t.ok(Buffer.byteLength(reply) < 2_048)
  t.equal((await poll(ticket)).body.status, 'scanned')

  const code = proofOf(reply)
  const asked = await phone(`/ticket/${ticket.scene}/scan`, { code })
  t.match(asked, { status: 200, body: { scene: ticket.scene, site: 'Example', status: 'scanned' } })
  const confirmed = await phone('/login', { code, scene: ticket.scene })
  t.match(confirmed, { status: 200, body: { status: 'confirmed', user: { created: true } } })
  t.notOk(confirmed.body.token, 'this door has no mini program of its own')

  const { body } = await poll(ticket)
  t.match(body, { status: 'confirmed', user: { id: confirmed.body.user.id } })
  t.match(decodeJwt(body.token as string), {
    sub: confirmed.body.user.id,
    appid: sandboxOfficialAccount.appid,
  })
})

t.test('one person is one user through both doors, by unionid', async (t) => {
  const { create, scan, proofOf, phone, login } = await start(t)
  const own = await login(null, 'alice')
  const ticket = await create()
  const code = proofOf(await scan('alice', ticket.scene))
  const { body } = await phone('/login', { code, scene: ticket.scene })
  t.equal(body.user.id, own.body.user.id)
  // Bob has no unionid: what WeChat does not say makes nobody one.
  const bobs = await login(null, 'bob')
  const second = await create()
  const bob = proofOf(await scan('bob', second.scene))
  const other = await phone('/login', { code: bob, scene: second.scene })
  t.not(other.body.user.id, bobs.body.user.id)
})

t.test('a push that comes again changes nothing, and says the same', async (t) => {
  const { create, scan, poll } = await start(t)
  const ticket = await create()
  await scan('alice', ticket.scene)
  const replies = await Promise.all([1, 2, 3].map(() => scan('alice', ticket.scene)))
  t.equal(new Set(replies).size, 1)
  t.equal((await poll(ticket)).body.status, 'scanned')
})

t.test('what became of a code, told in the chat', async (t) => {
  const { create, scan, proofOf, phone, cancel, db, poll } = await start(t)
  const ticket = await create()
  const reply = await scan('alice', ticket.scene)
  t.match(await scan('bob', ticket.scene), /已被他人扫描/)
  const code = proofOf(reply)
  t.match(await phone(`/ticket/${ticket.scene}/deny`, { code }), { status: 200 })
  t.match(await scan('alice', ticket.scene), /已被拒绝/)

  const done = await create()
  const again = proofOf(await scan('alice', done.scene))
  await phone('/login', { code: again, scene: done.scene })
  t.match(await scan('alice', done.scene), /已确认登录/)
  await poll(done)
  t.match(await scan('alice', done.scene), /已登录/)

  const canceled = await create()
  await cancel(canceled)
  t.match(await scan('alice', canceled.scene), /已取消/)

  const old = await create()
  await sql`update tickets set expires_at = now() where scene = ${old.scene}`.execute(db)
  t.match(await scan('alice', old.scene), /已过期/)
  t.match(await scan('alice', `${'x'.repeat(26)}`), /已过期/)
  t.equal(await scan('alice', 'of-another-system'), '', 'not ours')
})

t.test('a proof is good for its ticket, its person and its door alone', async (t) => {
  const { create, scan, proofOf, phone, loginCode, poll } = await start(t)
  const [mine, other] = [await create(), await create()]
  const code = proofOf(await scan('alice', mine.scene))
  await scan('bob', other.scene)
  const unscanned = await create()
  const miniprogram = await call(new URL('/ticket', (await start(t)).url).href, { json: {} })
  t.equal(miniprogram.body.channel, 'miniprogram')
  for (const [path, body] of [
    [`/ticket/${other.scene}/scan`, { code }],
    ['/login', { code, scene: other.scene }],
    [`/ticket/${other.scene}/deny`, { code }],
    ['/login', { code, scene: unscanned.scene }],
    [
      '/login',
      { code: `${code.slice(0, -1)}${code.endsWith('A') ? 'E' : 'A'}`, scene: mine.scene },
    ],
    ['/login', { code: code.slice(1), scene: mine.scene }],
    ['/login', { code: await loginCode('alice'), scene: mine.scene }],
    ['/login', { code: mine.secret, scene: mine.scene }],
    ['/login', { code }],
  ] as const) {
    t.match(await phone(path, body), { status: 400, body: { code: 'LOGIN_CODE_INVALID' } }, path)
  }
  t.equal((await poll(mine)).body.status, 'scanned')
  t.equal((await poll(other)).body.status, 'scanned')
})

t.test('the mini program’s tickets do not know this door', async (t) => {
  const { create, scan, login, poll, url } = await start(t)
  const { scene, secret } = (await call(`${url}/ticket`, { json: {} })).body as Created
  t.match(await scan('alice', scene), /已过期/)
  t.equal((await poll({ scene, secret })).body.status, 'pending')
  const ticket = await create()
  t.match(await login(ticket, 'alice'), { status: 400, body: { code: 'LOGIN_CODE_INVALID' } })
})

t.test('a door that is shut says so', async (t) => {
  const { url } = await startApp(t, { officialAccount: null })
  const refused = await call(`${url}/ticket`, { json: { channel: 'official_account' } })
  t.match(refused, { status: 400, body: { code: 'INVALID_REQUEST' } })
  t.equal((await call(`${url}/wechat/events`)).status, 404)
  t.equal((await call(`${url}/confirm`)).status, 404)

  const alone = await start(t, { wechat: null })
  const ticket = (await call(`${alone.url}/ticket`, { json: {} })).body as Ticket
  t.equal(ticket.channel, 'official_account', 'the one that is open is the default')
  const code = alone.proofOf(await alone.scan('bob', ticket.scene))
  t.equal((await alone.phone('/login', { code, scene: ticket.scene })).status, 200)
})

t.test('an unfollow ends what is open, and forgets the person where that is set', async (t) => {
  for (const unfollow of ['keep', 'forget'] as const) {
    const { url, db, create, scan, proofOf, phone, poll } = await start(t, { unfollow })
    const done = await create()
    const code = proofOf(await scan('alice', done.scene))
    await phone('/login', { code, scene: done.scene })
    const open = await create()
    await scan('alice', open.scene)
    const { body } = await call(`${url}/sandbox/oa/unfollow`, { json: { user: 'alice' } })
    t.equal(body.reply, '')
    t.equal((await poll(open)).body.status, 'denied')
    for (const table of ['identities', 'users', 'logins']) {
      const { rows } = await sql`select from ${sql.table(table)}`.execute(db)
      t.equal(rows.length, unfollow === 'keep' ? 1 : 0, `${table}, ${unfollow}`)
    }
  }
})

t.test('what is no push of WeChat is refused, and says nothing of why', async (t) => {
  const { url, create, poll, logged } = await start(t, { logLevel: 'info' })
  const ticket = await create()
  const now = Math.floor(Date.now() / 1_000)
  const xml = eventXml({ CreateTime: now, Event: 'SCAN', EventKey: ticket.scene })
  const account = { ...sandboxOfficialAccount }
  const send = ({ query, body }: { query: Record<string, string>; body: string }) =>
    call(`${url}/wechat/events?${new URLSearchParams(query)}`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'text/xml' },
    })
  for (const made of [
    plainPush(xml, now, account.token),
    securePush(xml, now, { ...account, token: 'AnotherTokenOfTests' }),
    securePush(xml, now - 1_000, account),
    securePush('<xml>', now, account),
    { query: {}, body: '' },
  ]) {
    const { status, body } = await send(made)
    t.match({ status, body }, { status: 403, body: { code: 'PUSH_REFUSED' } })
    t.notMatch(JSON.stringify(body), /signature|OA_TOKEN|timestamp/)
  }
  t.equal((await send({ query: {}, body: 'x'.repeat(65 * 1024) })).status, 413)
  t.equal((await poll(ticket)).body.status, 'pending')
  t.match(logged(), /a push was refused/)
  const good = await send(securePush(xml, now, account))
  t.equal(good.status, 200)
  t.match(good.headers.get('content-type'), 'text/xml')
  t.equal((await poll(ticket)).body.status, 'scanned')
  for (const secret of [account.token, account.aesKey, account.secret]) t.notMatch(logged(), secret)
})
