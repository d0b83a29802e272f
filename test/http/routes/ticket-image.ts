import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { AppError } from '../../../src/errors.ts'
import { CODES_PER_MINUTE } from '../../../src/limits/code-budget.ts'
import { stockCode } from '../../../src/tickets/code-stock.ts'
import { startApp } from '../../fixtures/app.ts'
import { call, clientOf } from '../../fixtures/network/client.ts'
import { postgresUrl } from '../../fixtures/postgres/database.ts'

/** The code's image in the answer that creates its ticket, for who asks for it. */

const databaseUrl = await postgresUrl(t)
const { url } = await startApp(t, { databaseUrl })

const begin = (base: string, query = '?image=true', json?: object) =>
  call(`${base}/ticket${query}`, json ? { json } : { method: 'POST' })
const codeCalls = async (base: string): Promise<number> =>
  (await call(`${base}/sandbox/calls`)).body.getwxacodeunlimit as number
const imageAt = async (base: string, path: string): Promise<string> => {
  const { body } = await call(base + path, { headers: { accept: 'application/json' } })
  return `data:${body.content_type};base64,${body.data}`
}

t.test('it is the image of its own address, made once', async (t) => {
  const before = await codeCalls(url)
  const { status, headers, body } = await begin(url)
  t.equal(status, 201)
  t.match(body.qrcode, /^data:image\/png;base64,[\w+/]{100,}=*$/)
  t.equal(headers.get('cache-control'), 'no-store')
  t.equal(await imageAt(url, body.qrcode_url), body.qrcode)
  t.equal(await codeCalls(url), before + 1)
  const own = await begin(url, '?image=true', { scene: 'A'.repeat(22), channel: 'miniprogram' })
  t.equal(await imageAt(url, own.body.qrcode_url), own.body.qrcode)
})

t.test('who does not ask gets none, and WeChat is not asked', async (t) => {
  const before = await codeCalls(url)
  t.notOk('qrcode' in (await begin(url, '')).body)
  for (const query of ['?image=1', '?image=false', '?image=', '?image=true&image=true']) {
    t.match(await begin(url, query), { status: 400, body: { code: 'INVALID_REQUEST' } }, query)
  }
  t.equal(await codeCalls(url), before)
})

t.test("an official account's code comes with its ticket, too", async (t) => {
  const { status, body } = await begin(url, '?image=true', { channel: 'official_account' })
  t.match({ status, body }, { status: 201, body: { channel: 'official_account' } })
  t.equal(await imageAt(url, body.qrcode_url), body.qrcode)
})

t.test('a code in stock comes with its ticket', async (t) => {
  const stocked = await startApp(t, { stock: 'here' })
  const bytes = Buffer.from([0xff, 0xd8, 0xff, 0xe0])
  const { signal } = new AbortController()
  await stockCode(stocked.db, { size: 1, madeFor: 'here' }, async () => bytes, signal)
  const { body } = await begin(stocked.url)
  t.equal(body.qrcode, 'data:image/jpeg;base64,/9j/4A==')
  t.equal(await codeCalls(stocked.url), 0)
})

/** A ticket without its image, whose address says why. */
async function comesWithout(t: Test, url: string, status: number, code: string): Promise<void> {
  const answer = await begin(url)
  t.equal(answer.status, 201)
  t.notOk('qrcode' in answer.body)
  t.match(await call(url + answer.body.qrcode_url), { status, body: { code } })
}

t.test('a code that is long in the making, or is not made, keeps no ticket back', async (t) => {
  const bytes = Buffer.from([0xff, 0xd8, 0xff, 0xe0])
  let release = () => {}
  let asked = 0
  let codeImage = (): Promise<unknown> =>
    new Promise<void>((resolve) => (release = resolve)).then(() => ({ bytes }))
  const wechat = { codeImage: () => (asked++, codeImage()) }
  const other = await startApp(t, { databaseUrl, wechat: wechat as never })

  const slow = await begin(other.url)
  t.equal(slow.status, 201)
  t.notOk('qrcode' in slow.body)
  const image = imageAt(other.url, slow.body.qrcode_url)
  release()
  t.equal(await image, 'data:image/jpeg;base64,/9j/4A==')
  t.equal(asked, 1, 'its address waits for the same call to WeChat')

  codeImage = () => Promise.reject(new AppError('WECHAT_MISCONFIGURED'))
  await comesWithout(t, other.url, 502, 'WECHAT_MISCONFIGURED')
})

t.test('when the codes of a minute are used up a ticket comes without', async (t) => {
  const other = await startApp(t)
  const { body } = await begin(other.url)
  t.ok(body.qrcode)
  await sql`update rate_limits set count = ${CODES_PER_MINUTE} where key = 'codes'`.execute(
    other.db,
  )
  await comesWithout(t, other.url, 503, 'WECHAT_BUSY')
})

t.test('the phone scans it as every other', async (t) => {
  const { body } = await begin(url)
  const phone = clientOf(url)
  t.equal((await phone.login(body, 'alice')).status, 200)
  t.match((await phone.poll(body)).body, { status: 'confirmed' })
})
