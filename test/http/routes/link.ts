import t from 'tap'
import { startApp } from '../../fixtures/app.ts'
import { call, clientOf, type Json } from '../../fixtures/network/client.ts'
import { postgresUrl } from '../../fixtures/postgres/database.ts'
import { codeAnswers, eachSituation } from '../../fixtures/tickets/each-situation.ts'

const databaseUrl = await postgresUrl(t)
const { url, db, logged } = await startApp(t, { databaseUrl, urlLink: true, logLevel: 'debug' })
const client = clientOf(url)

const linkOf = (base: string, { scene }: { scene: string }) => call(`${base}/ticket/${scene}/link`)
const linkCalls = async (base: string): Promise<number> =>
  (await call(`${base}/sandbox/calls`)).body.generate_urllink as number
const linesIn =
  (logged: () => string) =>
  ({ scene }: { scene: string }): Json[] =>
    logged()
      .split('\n')
      .filter((line) => line.includes(`"scene":"${scene.slice(0, 8)}"`))
      .map((line) => JSON.parse(line))
const linesAbout = linesIn(logged)

t.test('a new ticket says where its link is, and asks WeChat nothing', async (t) => {
  const { status, body } = await call(`${url}/ticket`, { json: {} })
  t.match({ status, body }, { status: 201, body: { link_url: `/ticket/${body.scene}/link` } })
  t.equal(await linkCalls(url), 0)
})

t.test('the link opens the phone page of the ticket', async (t) => {
  const ticket = await client.create()
  const { status, headers, body } = await linkOf(url, ticket)
  t.equal(status, 200)
  t.strictSame(body, {
    link: `${url}/sandbox/phone?entered_by=1194&cq=scene%3D${ticket.scene}`,
  })
  t.equal(headers.get('cache-control'), 'no-store')
  t.match(headers.get('content-type'), /^application\/json/)
  t.match(linesAbout(ticket), [{ msg: 'ticket created' }])
  t.notOk(logged().includes('/sandbox/phone?entered_by'), 'a link is in no log')

  const page = await fetch(body.link)
  t.match([page.status, page.headers.get('content-type')], [200, /^text\/html/])
  t.match(await page.text(), '/sandbox/phone.js')
  const scene = new URLSearchParams(new URL(body.link).searchParams.get('cq') ?? '').get('scene')
  await client.login({ scene: scene as string }, 'alice')
  t.match((await client.poll(ticket)).body, { status: 'confirmed', token: /^eyJ/ })
})

t.test('one call to WeChat serves all tickets of an instance', async (t) => {
  const other = await startApp(t, { databaseUrl, urlLink: true })
  const before = await linkCalls(url)
  const tickets = await Promise.all(Array.from({ length: 20 }, () => client.create()))
  const here = await Promise.all(tickets.map((ticket) => linkOf(url, ticket)))
  const there = await Promise.all(tickets.map((ticket) => linkOf(other.url, ticket)))
  for (const [i, { scene }] of tickets.entries()) {
    for (const answer of [here[i], there[i]]) {
      t.equal(answer?.status, 200)
      t.ok(answer?.body.link.endsWith(`cq=scene%3D${scene}`))
    }
  }
  t.equal(await linkCalls(url), before, 'it has one since the test before')
  t.equal(await linkCalls(other.url), 1, 'also for many at the same moment')
})

t.test('the link of a ticket that is not pending any more is gone', async (t) => {
  const seen = await client.create()
  await linkOf(url, seen)
  await client.scan(seen, 'alice')
  t.equal((await linkOf(url, seen)).status, 410, 'also one that had been made')
  await eachSituation(t, db, codeAnswers, async (t, ticket, code) => {
    const before = await linkCalls(url)
    const answer = await linkOf(url, ticket)
    if (code === 'ok') return void t.equal(answer.status, 200)
    t.match(answer, { status: 410, body: { statusCode: 410, code, error: 'Gone' } })
    t.equal(await linkCalls(url), before, 'and WeChat is not asked')
  })
  const unknown = await linkOf(url, { scene: 'A1'.repeat(11) })
  t.match(unknown, { status: 404, body: { code: 'TICKET_NOT_FOUND' } })
})

t.test('an account that may not is told its operator, and the ticket is left alone', async (t) => {
  const { url, logged } = await startApp(t, { databaseUrl, urlLink: true, logLevel: 'debug' })
  const linesAbout = linesIn(logged)
  const ticket = await client.create()
  const fault = { api: 'generate_urllink', errcode: 85407 }
  await call(`${url}/sandbox/faults`, { json: fault })
  const { status, headers, body } = await linkOf(url, ticket)
  t.match({ status, body }, { status: 502, body: { code: 'WECHAT_MISCONFIGURED' } })
  t.equal(headers.get('cache-control'), 'no-store')
  t.notMatch(body.message, /85407|URL_LINK/, 'which concerns the operator alone')
  t.match(
    linesAbout(ticket).find(({ errcode }) => errcode === 85407),
    {
      level: 'error',
      api: 'generate_urllink',
      action: /WECHAT_URL_LINK=off/,
      reqId: body.request_id,
    },
  )
  t.equal((await linkOf(url, ticket)).status, 200, 'a failure is not kept')
  t.equal((await call(`${url}/ticket/${ticket.scene}/qrcode`)).status, 200)
})

t.test('where it is off there is no such path, and none is announced', async (t) => {
  const off = await startApp(t, { databaseUrl })
  const { body: ticket } = await call(`${off.url}/ticket`, { json: {} })
  t.notOk('link_url' in ticket)
  t.match(await linkOf(off.url, ticket), { status: 404, body: { code: 'NOT_FOUND' } })
  const { paths } = (await call(`${off.url}/openapi.json`)).body
  t.notOk('/ticket/{scene}/link' in paths)
  t.ok('/ticket/{scene}/qrcode' in paths)
})
