import { createHmac, hkdfSync } from 'node:crypto'
import { sql } from 'kysely'
import t from 'tap'
import type { Db } from '../../src/db/pool.ts'
import { CODES_PER_MINUTE } from '../../src/limits/code-budget.ts'
import { createConfirmLinks } from '../../src/sign-in/confirm-link.ts'
import { call } from '../fixtures/network/client.ts'
import { ACCOUNT_OF_SANDBOX, proofOf, scanAt, startDoor } from '../fixtures/official-account.ts'
import { OPENID } from '../fixtures/pushes.ts'
import { expire } from '../fixtures/tickets/time.ts'

/** What stands between a scan and a login through this door: the person, and what they are shown. */

const { secret: OA_SECRET, appid } = ACCOUNT_OF_SANDBOX

t.test('a wrong number ends the ticket, and a scan alone signs in nobody', async (t) => {
  const { url, create, phone, poll } = await startDoor(t, { matchMode: 'choose' })
  const ticket = await create()
  const code = proofOf(await scanAt(url, ticket.scene))
  t.equal((await poll(ticket)).body.status, 'scanned')
  const { body } = await phone(`/ticket/${ticket.scene}/scan`, { code })
  t.match(body.match, { mode: 'choose', choices: [String, String, String] })
  t.match(await phone('/login', { code, scene: ticket.scene }), { status: 400 }, 'without a number')
  const wrong = body.match.choices.find((number: string) => number !== ticket.match_code)
  t.match(await phone('/login', { code, scene: ticket.scene, match_code: wrong }), {
    body: { code: 'MATCH_CODE_WRONG' },
  })
  t.equal((await poll(ticket)).body.status, 'denied')
  const right = { code, scene: ticket.scene, match_code: ticket.match_code }
  t.match(await phone('/login', right), { status: 410, body: { code: 'TICKET_DENIED' } })

  const second = await create()
  const proof = proofOf(await scanAt(url, second.scene))
  const answer = { code: proof, scene: second.scene, match_code: second.match_code }
  t.equal((await phone('/login', answer)).status, 200)
  t.equal((await poll(second)).body.status, 'confirmed')
})

t.test('the confirm page is told what is unusual: the country, the network', async (t) => {
  const { url } = await startDoor(t, {
    trustProxy: ['127.0.0.1'],
    locationHeader: 'cf-ipcountry',
  })
  const from = (ip: string, country: string) => ({ 'x-forwarded-for': ip, 'cf-ipcountry': country })
  const made = await call(`${url}/ticket`, {
    json: { channel: 'official_account' },
    headers: from('203.0.113.7', 'US'),
  })
  const { scene } = made.body
  const reply = await scanAt(url, scene)
  t.match(reply, /203\.0\.113\.7 · US/, 'the chat says from where')
  const asked = await call(`${url}/ticket/${scene}/scan`, {
    json: { code: proofOf(reply) },
    headers: from('198.51.100.9', 'CN'),
  })
  t.match(asked.body.requested_by, { ip: '203.0.113.7', country: 'US' })
  t.match(asked.body.notices, [{ kind: 'other_country', browser: 'US', phone: 'CN' }])
})

const rowOf = async (db: Db, scene: string): Promise<string> =>
  JSON.stringify((await sql`select * from tickets where scene = ${scene}`.execute(db)).rows)

t.test('a link that is opened decides nothing, and dies with its ticket', async (t) => {
  const { url, db, create, phone } = await startDoor(t)
  const [denied, over, done] = [await create(), await create(), await create()]
  const proofs = new Map<string, string>()
  for (const { scene } of [denied, over, done]) proofs.set(scene, proofOf(await scanAt(url, scene)))
  const tap = (path: string, { scene }: { scene: string }) =>
    phone(path.replace(':scene', scene), {
      code: proofs.get(scene),
      ...(path === '/login' && { scene }),
    })

  const before = await rowOf(db, denied.scene)
  const proof = proofs.get(denied.scene) ?? ''
  for (const method of ['GET', 'HEAD']) {
    for (const path of [
      '/confirm',
      `/confirm?${denied.scene}.${proof}`,
      `/ticket/${denied.scene}/scan`,
    ]) {
      await fetch(url + path, { method })
    }
  }
  t.equal(await rowOf(db, denied.scene), before, 'as a crawler or a preview opens it')

  t.equal((await tap('/ticket/:scene/deny', denied)).status, 200)
  await expire(db, over)
  t.equal((await tap('/login', done)).status, 200)
  for (const path of ['/ticket/:scene/scan', '/login', '/ticket/:scene/deny']) {
    t.match(await tap(path, denied), { status: 410, body: { code: 'TICKET_DENIED' } }, path)
    t.match(await tap(path, over), { status: 410, body: { code: 'TICKET_EXPIRED' } }, path)
  }
  t.match(await tap('/ticket/:scene/deny', done), { body: { code: 'ALREADY_CONFIRMED' } })
})

t.test(
  'a proof is what OA_SECRET makes of scene and openid, and of nothing a browser knows',
  async (t) => {
    const { url, db, create, phone, poll } = await startDoor(t)
    const ticket = await create()
    const { scene } = ticket
    const code = proofOf(await scanAt(url, scene))
    // By the contract, so that instances of all versions agree.
    const madeWith = (key: Buffer | string, text = `${scene}|${OPENID}`) =>
      createHmac('sha256', Buffer.from(hkdfSync('sha256', key, '', 'scenepass confirm link', 32)))
        .update(text)
        .digest('base64url')
    t.equal(code, madeWith(OA_SECRET))
    const unionidOf = async () => null
    const others = createConfirmLinks({ secret: OA_SECRET.replace(/^./, 'x'), unionidOf })
    t.not(others.proofOf(scene, OPENID), code)
    const owner = { appid, openid: OPENID }
    t.throws(() => others.prove({ scene, owner } as never, code), { code: 'LOGIN_CODE_INVALID' })

    const { rows } = await sql<{ hash: Buffer }>`
    select secret_hash as hash from tickets where scene = ${scene}
  `.execute(db)
    const { hash } = rows[0] as { hash: Buffer }
    const guesses = [
      madeWith(ticket.secret),
      madeWith(hash),
      madeWith(scene),
      madeWith(''),
      madeWith(OA_SECRET, scene),
      madeWith(OA_SECRET, `${scene}|`),
      hash.toString('base64url'),
      'A'.repeat(43),
    ]
    for (const guess of guesses) {
      t.match(await phone('/login', { code: guess, scene }), {
        body: { code: 'LOGIN_CODE_INVALID' },
      })
    }
    t.equal((await poll(ticket)).body.status, 'scanned')

    // Ten in a minute are answered as such, and one more every six seconds.
    let last = await phone('/login', { code: 'B'.repeat(43), scene })
    for (let i = 0; i < 30 && last.status === 400; i++) {
      last = await phone('/login', { code: 'B'.repeat(43), scene })
    }
    t.match(last, { status: 429, body: { code: 'RATE_LIMITED' } }, 'guesses are counted')
  },
)

t.test('the codes of a minute are bounded, apart from the mini program’s', async (t) => {
  const { url, db, create } = await startDoor(t)
  const used = (key: string) =>
    sql`
      insert into rate_limits (key, count, resets_at)
      values (${key}, ${CODES_PER_MINUTE}, now() + interval '30 seconds')
    `.execute(db)
  const codeOf = async ({ scene }: { scene: string }) => {
    const answer = await fetch(`${url}/ticket/${scene}/qrcode`)
    return { status: answer.status, text: await answer.text() }
  }
  await used('codes')
  t.equal((await codeOf(await create())).status, 200, 'the mini program’s are others')
  await sql`delete from rate_limits`.execute(db)
  await used('oa_codes')
  t.match(await codeOf(await create()), { status: 503, text: /WECHAT_BUSY/ })
})
