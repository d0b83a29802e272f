import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { createDatabaseClock } from '../../src/db/clock.ts'
import { connect } from '../../src/db/connect.ts'
import { call } from '../fixtures/network/client.ts'
import { cuttable } from '../fixtures/network/proxy.ts'
import {
  ACCOUNT_OF_SANDBOX,
  now,
  proofOf,
  scanAt,
  scanOf,
  sendPush,
  startDoor,
} from '../fixtures/official-account.ts'
import { postgresUrl, quietLog } from '../fixtures/postgres/database.ts'
import { readReply, securePush } from '../fixtures/pushes.ts'

/** The official account's door with several instances, and with a database that is away. */

const publicUrl = 'https://login.example'
/** WeChat gives a push up after 5 s. */
const WECHAT_WAITS_MS = 5_000

/** An answer that WeChat would still get; an error for one that comes later, or never. */
const inWechatsTime = <T>(answer: Promise<T>): Promise<T> =>
  Promise.race([
    answer,
    sleep(WECHAT_WAITS_MS, null, { ref: false }).then(() => {
      throw new Error('WeChat has given the push up')
    }),
  ])

t.test('created on one instance, scanned on another, confirmed on a third', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const [first, second, third] = await Promise.all(
    [1, 2, 3].map(() => startDoor(t, { databaseUrl, publicUrl })),
  )
  if (!first || !second || !third) throw new Error('three instances')
  const ticket = await first.create()
  const code = proofOf(await scanAt(second.url, ticket.scene))
  t.equal((await first.poll(ticket)).body.status, 'scanned')
  t.equal((await third.phone(`/ticket/${ticket.scene}/scan`, { code })).status, 200)
  const confirmed = await third.phone('/login', { code, scene: ticket.scene })
  t.equal(confirmed.status, 200)
  const { body } = await first.poll(ticket)
  t.match(body, { status: 'confirmed', user: { id: confirmed.body.user.id }, token: String })
})

t.test('one push three times at once, on two instances, is one scan', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const outcomes: string[] = []
  const observe = {
    push: ({ outcome }: { outcome: string }) => void outcomes.push(outcome),
    transition: (to: string) => void transitions.push(to),
  }
  const transitions: string[] = []
  const apps = await Promise.all(
    [1, 2].map(() => startDoor(t, { databaseUrl, publicUrl, observe })),
  )
  const [first, second] = apps
  if (!first || !second) throw new Error('two instances')
  for (let i = 0; i < 10; i++) {
    const ticket = await first.create()
    transitions.length = outcomes.length = 0
    // Byte for byte the same, as WeChat repeats it.
    const push = securePush(scanOf(ticket.scene), now(), ACCOUNT_OF_SANDBOX)
    const answers = await Promise.all(
      [first.url, second.url, first.url].map((url) => sendPush(url, push)),
    )
    const replies = answers.map(({ text }) => readReply(text, ACCOUNT_OF_SANDBOX))
    t.equal(new Set(replies).size, 1, 'equal replies')
    t.match(replies[0], `${publicUrl}/confirm#${ticket.scene}.`)
    t.same(transitions, ['scanned'], 'one transition')
    t.same(outcomes.toSorted(), ['accepted', 'repeated', 'repeated'])
  }
})

t.test('with the database away a push is answered in time: scan again', async (t) => {
  const way = await cuttable(t, await postgresUrl(t))
  await way.mend()
  // Waited for much longer than WeChat waits, so that nothing but the push's own limit ends it.
  const { create, url } = await startDoor(t, { databaseUrl: way.url, queryTimeoutMs: 60_000 })
  const [silenced, cut] = [await create(), await create()]
  // The clock is known, and a connection is open: what hangs is the scan's own statement.
  await scanAt(url, (await create()).scene)
  for (const [name, scene] of [
    ['it hangs', silenced.scene],
    ['it is gone', cut.scene],
  ] as const) {
    await (name === 'it hangs' ? way.silence() : way.cut())
    const replies = Promise.all([1, 2, 3].map(() => scanAt(url, scene)))
    for (const text of await inWechatsTime(replies)) {
      t.match(text, /服务繁忙/, name)
      t.match(text, /scan the code again/, name)
    }
  }
  await way.mend()
  let { scene } = await create()
  while (scene === undefined) ({ scene } = await create())
  t.match(await scanAt(url, scene), /查看并确认/, 'and goes on once it is back')
})

t.test('a database that hangs from the beginning does not hold a push up either', async (t) => {
  const way = await cuttable(t, await postgresUrl(t))
  await way.mend()
  const { db, close } = await connect({
    url: way.url,
    poolSize: 2,
    log: quietLog,
    queryTimeoutMs: 60_000,
  })
  t.teardown(close)
  way.silence()
  const clock = createDatabaseClock(db)
  const told = await inWechatsTime(Promise.all([clock(), clock()]))
  for (const seconds of told) t.ok(Math.abs(seconds - Date.now() / 1_000) < 5, 'its own clock')
  await way.cut()
})

t.test('the clock is the database’s, asked once a minute', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const { db, close } = await connect({ url: databaseUrl, poolSize: 2, log: quietLog })
  t.teardown(close)
  // A clock that is ten minutes ahead.
  await sql`
    create schema ahead;
  `.execute(db)
  await sql`
    create function ahead.clock_timestamp() returns timestamptz language sql
    as $$ select pg_catalog.clock_timestamp() + interval '10 minutes' $$
  `.execute(db)
  let asked = 0
  const counting = new Proxy(db, {
    get: (of, name) => {
      if (name === 'getExecutor') asked++
      const value = Reflect.get(of, name) as unknown
      return typeof value === 'function' ? value.bind(of) : value
    },
  })
  await sql`select set_config('search_path', 'ahead, pg_catalog, public', false)`.execute(db)
  const clock = createDatabaseClock(counting)
  const [first] = await Promise.all([clock(), clock(), clock()])
  t.ok(Math.abs((first ?? 0) - Date.now() / 1_000 - 600) < 2, `${first}`)
  const before = asked
  t.ok(Math.abs((await clock()) - Date.now() / 1_000 - 600) < 2)
  t.equal(asked, before, 'and counted on from there')
})

t.test('a push is fresh by the database’s clock alone', async (t) => {
  const { url, create } = await startDoor(t)
  const { scene } = await create()
  for (const off of [-400, 400]) {
    const made = securePush(scanOf(scene), now() + off, ACCOUNT_OF_SANDBOX)
    t.equal((await sendPush(url, made)).status, 403)
    const inner = securePush(scanOf(scene, { CreateTime: now() + off }), now(), ACCOUNT_OF_SANDBOX)
    t.equal((await sendPush(url, inner)).status, 403)
  }
  t.equal((await call(`${url}/wechat/events`)).status, 403)
})
