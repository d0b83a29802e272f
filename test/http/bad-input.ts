import { sql } from 'kysely'
import { STATUS_CODES } from 'node:http'
import t, { type Test } from 'tap'
import { Pool } from 'undici'
import { catalogue, type ErrorCode } from '../../src/errors.ts'
import { startApp } from '../fixtures/app.ts'
import {
  badBodies,
  badMethods,
  badPaths,
  badSecrets,
  madeBodies,
  type BadRequest,
} from '../fixtures/network/bad-requests.ts'
import { call, clientOf, type Created } from '../fixtures/network/client.ts'
import { malformedHttp, POST } from '../fixtures/network/malformed-http.ts'
import { rawHttp, type RawAnswer } from '../fixtures/network/raw-http.ts'
import { arrange, situations } from '../fixtures/tickets/arrange.ts'

const { url, db } = await startApp(t, { trustProxy: ['127.0.0.1'], urlLink: true })
const client = clientOf(url)
const ticket: Created = await client.create()
for (const situation of situations) await arrange(db, situation)

const http = new Pool(url, { connections: 8, keepAliveTimeout: 30_000 })
t.teardown(() => http.close())
let sent = 0

/** Everything that a request could change, and what WeChat was asked. */
async function world(): Promise<unknown> {
  const { rows } = await sql`
    select
      (select count(*)::int from tickets) as tickets,
      (select md5(string_agg(t::text, ',' order by scene)) from tickets as t) as digest,
      (select count(*)::int from users) as users,
      (select count(*)::int from identities) as identities,
      (select count(*)::int from signing_keys) as keys
  `.execute(db)
  return { ...(rows[0] as object), wechat: (await call(`${url}/sandbox/calls`)).body }
}

/** Why an answer is not a refusal as the contract has it; null where it is one. */
function complaint(method: string, { status, headers, body }: RawAnswer): string | null {
  if (status < 400 || status > 499) return `status ${status}`
  if (!headers['content-type']?.startsWith('application/json')) return 'not JSON'
  if (method === 'HEAD') return body === '' ? null : 'a body for HEAD'
  let answer: { statusCode?: unknown; code?: unknown; error?: unknown; message?: unknown }
  try {
    answer = JSON.parse(body)
  } catch {
    return `not JSON: ${body.slice(0, 100)}`
  }
  const entry = catalogue[answer.code as ErrorCode]
  if (!entry) return `unknown code ${String(answer.code)}`
  if (entry.status !== status || answer.statusCode !== status)
    return `${answer.code} with ${status}`
  if (answer.error !== STATUS_CODES[status]) return `error ${String(answer.error)}`
  if (typeof answer.message !== 'string' || answer.message === '') return 'no message'
  const allow = headers['allow']?.split(/, */) ?? []
  return status === 405 && (allow.length === 0 || allow.includes(method))
    ? `405 for ${method} with Allow: ${allow.join()}`
    : null
}

async function send(request: BadRequest): Promise<RawAnswer> {
  // Each from an address of its own: what is tested is the answer, not the limit of guesses.
  const address = `198.18.${(sent >> 8) & 255}.${sent++ & 255}`
  const answer = await http.request({
    method: request.method as 'GET',
    path: request.path,
    headers: { ...request.headers, 'x-forwarded-for': address },
    body: request.body ?? null,
  })
  const headers = Object.fromEntries(
    Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
  )
  return { status: answer.statusCode, headers, body: await answer.body.text() }
}

/** Sends all, some at a time on connections that stay open; what was not refused as it should be. */
async function unrefused(requests: BadRequest[]): Promise<string[]> {
  const wrong: string[] = []
  const queue = [...requests]
  const worker = async () => {
    for (let request = queue.shift(); request; request = queue.shift()) {
      const why = await send(request).then(
        (answer) => complaint(request.method, answer),
        (error: Error) => `no answer: ${error.message}`,
      )
      if (why === null) continue
      const { method, path, headers, body } = request
      const about = JSON.stringify({ headers, body: body?.toString('latin1').slice(0, 120) })
      wrong.push(`${why} ← ${method} ${path.slice(0, 120)} ${about}`)
    }
  }
  await Promise.all(Array.from({ length: 8 }, worker))
  return wrong
}

async function refusesAll(t: Test, requests: BadRequest[]): Promise<void> {
  const before = await world()
  t.strictSame(await unrefused(requests), [], `${requests.length} requests`)
  t.strictSame(await world(), before, 'nothing was written, WeChat was not asked')
}

t.test('wrong methods, on every path', (t) => refusesAll(t, badMethods(ticket.scene)))
t.test('bodies of wrong types, shapes and encodings', (t) => refusesAll(t, badBodies(ticket.scene)))
t.test('bodies made at random', (t) => refusesAll(t, madeBodies(ticket.scene)))
t.test('paths made at random', (t) => refusesAll(t, badPaths()))
t.test('secrets made at random', (t) => refusesAll(t, badSecrets(ticket.scene)))

t.test('HTTP that is not quite HTTP is answered all the same', async (t) => {
  const before = await world()
  for (const [name, text] of Object.entries(malformedHttp(ticket))) {
    const method = /^[A-Z]+/.exec(text)?.[0] ?? ''
    const why = await rawHttp(url, text).then(
      (answer) => complaint(method, answer),
      (error: Error) => error.message.slice(0, 60),
    )
    sent++
    t.equal(why, null, name)
  }
  t.strictSame(await world(), before)
})

t.test('half a request, and then nothing, is refused', async (t) => {
  const before = await world()
  for (const text of [
    'POST /tick',
    'POST /ticket HTTP/1.1\r\nHo',
    `${POST}Content-Length: 20\r\n\r\n`,
    `${POST}Content-Length: 20\r\n\r\n{"scene":`,
    `${POST}Transfer-Encoding: chunked\r\n\r\n2\r\n{`,
    `${POST}Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n`,
  ]) {
    t.equal(complaint('POST', await rawHttp(url, text, { end: true })), null, text.slice(-30))
    sent++
  }
  t.strictSame(await world(), before)
})

t.test('what is no HTTP at all does no harm', async (t) => {
  for (const bytes of [
    '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03',
    '\0'.repeat(500),
    '\r\n\r\n\r\n',
  ]) {
    const { status } = await rawHttp(url, bytes, { end: true })
    t.ok(status === 0 || status === 400, `${status}`)
    sent++
  }
})

t.test('10 MiB are refused or cut off, and the next request is served', async (t) => {
  const before = await world()
  const giant = Buffer.alloc(10 * 1024 * 1024, ' ')
  for (const head of [
    `${POST}Content-Length: ${giant.length}\r\n\r\n`,
    `${POST}Transfer-Encoding: chunked\r\n\r\n${giant.length.toString(16)}\r\n`,
  ]) {
    const answer = await rawHttp(url, Buffer.concat([Buffer.from(head), giant]))
    // A client that does not stop sending may lose the answer to a reset; nothing else may happen.
    t.ok(answer.status === 413 || answer.status === 0, `${answer.status}`)
    sent++
  }
  t.strictSame(await world(), before)
})

t.test('after all of it the ticket is as it was, and the service serves', async (t) => {
  t.ok(sent >= 2_000, `${sent} bad requests`)
  t.match(await client.poll(ticket), { status: 200, body: { status: 'pending' } })
  t.equal((await call(`${url}/readyz`)).status, 200)
  t.match(await client.login(ticket, 'alice'), { status: 200 })
})
