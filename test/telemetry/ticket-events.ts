import t from 'tap'
import { createLog } from '../../src/telemetry/log.ts'
import { startApp } from '../fixtures/app.ts'
import { call, clientOf } from '../fixtures/network/client.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'

type Line = Record<string, unknown>

// Two instances that write into one place, as a collector of logs would have it.
const lines: string[] = []
const log = createLog('debug', { write: (line) => void lines.push(line) })
const databaseUrl = await postgresUrl(t)
const [a, b] = [await startApp(t, { databaseUrl, log }), await startApp(t, { databaseUrl, log })]
const [one, other] = [clientOf(a.url), clientOf(b.url)]

/** What `grep` would find. */
const grep = (text: string): Line[] =>
  lines.filter((line) => line.includes(text)).map((line) => JSON.parse(line) as Line)

const storyOf = ({ scene }: { scene: string }) => grep(`"scene":"${scene.slice(0, 8)}"`)
const told = (story: Line[]) =>
  story.map(({ msg, again, code, reason }) => [msg, again && 'again', code, reason].filter(Boolean))

t.test('one login’s lines tell its story, across instances and in order', async (t) => {
  const [ticket, noise] = [await one.create(), await other.create()]
  await call(`${b.url}/ticket/${ticket.scene}/qrcode`)
  await call(`${a.url}/ticket/${ticket.scene}/qrcode`)
  await one.poll(ticket)
  await other.poll({ ...ticket, secret: 'a-wrong-one' })
  await other.scan(ticket, 'alice')
  await one.scan(ticket, 'alice')
  await one.poll(ticket)
  await one.scan(ticket, 'bob')
  await one.login(ticket, 'alice')
  await other.login(ticket, 'alice')
  await other.cancel(ticket)
  await other.poll(ticket)
  await one.poll(ticket)
  await one.deny(noise, 'alice')

  const story = storyOf(ticket)
  t.same(told(story), [
    ['ticket created'],
    ['code made'],
    ['request refused', 'BAD_SECRET'],
    ['ticket scanned'],
    ['ticket scanned', 'again'],
    ['request refused', 'SCANNED_BY_ANOTHER'],
    ['ticket confirmed'],
    ['ticket confirmed', 'again'],
    ['request refused', 'ALREADY_CONFIRMED'],
    ['ticket delivered'],
    ['ticket delivered', 'again'],
  ])
  for (const { reqId, level } of story)
    t.match({ reqId, level }, { reqId: /^.{8}-\w+$/, level: /^(debug|info)$/ })
  t.equal(new Set(story.map(({ reqId }) => String(reqId).slice(0, 8))).size, 2, 'two instances')
  const [{ reqId: created } = {}] = story
  t.match(grep(`"reqId":"${created}"`).at(-1), { msg: 'answered', status: 201 })
  t.same(told(storyOf(noise)), [['ticket created'], ['ticket denied', 'declined']])
})

t.test('each decision is one line at info: who decided what about which scene', async (t) => {
  const [said, declined, unknown] = [await one.create(), await one.create(), await one.create()]
  await other.scan(said, 'alice')
  const { body } = await other.login(said, 'alice')
  await one.login(said, 'alice')
  await one.poll(said)
  await other.deny(declined, 'alice')
  await one.deny(declined, 'alice')
  await other.deny(unknown, 'who-never-signed-in')
  await one.cancel(await one.create())

  const decisions = (ticket: { scene: string }) =>
    storyOf(ticket)
      .filter(({ level }) => level === 'info')
      .map(({ time, hostname, reqId, ...line }) => {
        t.match({ time, hostname, reqId }, { time: Number, hostname: String, reqId: String })
        return line
      })
  const line = (ticket: { scene: string }, outcome: string, rest: object) => ({
    level: 'info',
    pid: process.pid,
    scene: ticket.scene.slice(0, 8),
    outcome,
    ...rest,
    msg: `ticket ${outcome}`,
  })
  const user: string = body.user.id
  t.same(decisions(said), [line(said, 'confirmed', { user })])
  t.same(decisions(declined), [line(declined, 'denied', { user, reason: 'declined' })])
  t.same(decisions(unknown), [line(unknown, 'denied', { user: null, reason: 'declined' })])
  t.equal(grep('"outcome"').filter(({ outcome }) => outcome === 'canceled').length, 0)
  t.equal(grep('openid').length, 0)
})

t.test('a failure and what WeChat said of it are in the story', async (t) => {
  const ticket = await one.create()
  await call(`${a.url}/sandbox/faults`, { json: { api: 'code2session', errcode: 40013 } })
  await one.scan(ticket, 'alice')
  await one.cancel(ticket)
  await one.cancel(ticket)
  t.same(told(storyOf(ticket)), [
    ['ticket created'],
    ['WeChat refuses our settings', 'WECHAT_MISCONFIGURED'],
    ['request failed', 'WECHAT_MISCONFIGURED'],
    ['ticket canceled'],
    ['ticket canceled', 'again'],
  ])
})

t.test('no line has a whole scene, or a poll that nothing came of', async (t) => {
  const ticket = await one.create()
  await one.poll(ticket)
  await call(`${a.url}/ticket/${ticket.scene}?x=1`)
  const secretInPath = 'a-secret-in-the-wrong-place'
  await call(`${a.url}/ticket/${secretInPath}`)
  await call(`${a.url}/login`, { json: { code: 'x', scene: 'not a scene' } })
  t.same(grep(ticket.scene), [])
  t.same(grep(secretInPath), [])
  t.same(grep('"scene":"not a'), [])
  const short = ticket.scene.slice(0, 8)
  const answered = grep(short).filter(({ msg }) => msg === 'answered')
  t.match(answered, [{ method: 'GET', path: `/ticket/${short}…`, status: 401 }])
  t.equal(answered.length, 1)
})
