import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { startApp } from './fixtures/app.ts'
import { startChild, temporaryFolder } from './fixtures/network/child.ts'
import { call, clientOf, type Answer, type Created, type Json } from './fixtures/network/client.ts'
import { postgresUrl } from './fixtures/postgres/database.ts'
import { flood, quantile } from './fixtures/network/flood.ts'
import { freePort } from './fixtures/postgres/postgres.ts'
import { cuttable } from './fixtures/network/proxy.ts'

const TICKETS = 20_000

const timed = async (ask: () => Promise<Answer<Json>>) => {
  const began = performance.now()
  const answer = await ask()
  return { ...answer, ms: performance.now() - began }
}

t.test('a WeChat that takes ten seconds slows no poll', async (t) => {
  const { url } = await startApp(t)
  const { create, poll, loginCode } = clientOf(url)
  const some = (count: number) => Promise.all(Array.from({ length: count }, () => create()))
  const tickets = await some(20)

  const pollAll = async () => {
    const all: number[] = []
    for (let round = 0; round < 10; round++) {
      const answers = await Promise.all(tickets.map((ticket) => timed(() => poll(ticket))))
      t.ok(answers.every(({ body }) => body.status === 'pending'))
      all.push(...answers.map(({ ms }) => ms))
    }
    return all.sort((a, b) => a - b)
  }
  const before = await pollAll()

  const scanned = await some(20)
  const asks = await Promise.all(
    scanned.map(async ({ scene }) => ({ scene, code: await loginCode('alice') })),
  )
  for (const api of ['getwxacodeunlimit', 'code2session']) {
    await call(`${url}/sandbox/faults`, { json: { api, delay_ms: 10_000, times: 1_000 } })
  }
  let answered = 0
  const stuck = asks.flatMap(({ scene, code }) =>
    [
      call(`${url}/ticket/${scene}/qrcode`),
      call(`${url}/ticket/${scene}/scan`, { json: { code } }),
    ].map((asked) => asked.finally(() => answered++)),
  )
  while ((await call(`${url}/sandbox/calls`)).body.code2session < 20) await sleep(10)
  // Fresh ones: the first lot has used up what it may ask at once.
  tickets.splice(0, 20, ...(await some(20)))
  const during = await pollAll()
  t.equal(answered, 0, 'all that time forty others were waiting for WeChat')
  t.comment({ p99: { before: quantile(before, 0.99), during: quantile(during, 0.99) } })
  t.ok(quantile(during, 1) < 1_000)

  for (const { status, body } of await Promise.all(stuck)) {
    t.match(`${status} ${body.code}`, /^(504 WECHAT_TIMEOUT|503 WECHAT_BUSY)$/)
  }
})

t.test('a lost database', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const way = await cuttable(t, databaseUrl)
  await way.mend()
  const { url } = await startApp(t, { databaseUrl: way.url })
  const client = clientOf(url)
  const outside = new pg.Client(databaseUrl)
  await outside.connect()
  t.teardown(() => outside.end())

  const kinds = (ticket: Created): Record<string, () => Promise<Answer<Json>>> => ({
    poll: () => client.poll(ticket),
    create: () => call(`${url}/ticket`, { json: {} }),
    qrcode: () => call(`${url}/ticket/${ticket.scene}/qrcode`),
    scan: () => client.scan(ticket, 'alice'),
    login: () => client.login(ticket, 'alice'),
    'login of its own': () => client.login(null, 'alice'),
    deny: () => client.deny(ticket, 'alice'),
    cancel: () => client.cancel(ticket),
    readyz: () => call(`${url}/readyz`),
  })

  for (const [how, lose] of [
    ['that is gone', way.cut],
    ['that falls silent', async () => way.silence()],
  ] as const) {
    await t.test(how, async (t) => {
      const ticket = await client.create()
      // Ten connections at once: all of the pool are there to be lost.
      await Promise.all(Array.from({ length: 50 }, () => call(`${url}/readyz`)))
      await lose()

      const fastest = new Map<string, number>()
      const refused = async ([kind, ask]: [string, () => Promise<Answer<Json>>]) => {
        const answer = await timed(ask)
        t.match(answer, { status: 503, body: { code: 'DATABASE_UNAVAILABLE' } }, kind)
        t.match(answer.headers.get('retry-after'), /^[1-9]\d*$/)
        t.ok(answer.ms < 5_000, `${kind}: ${answer.ms} ms`)
        fastest.set(kind, Math.min(fastest.get(kind) ?? Infinity, answer.ms))
      }
      // One alone is the first to notice; then all callers come at once, and again.
      await refused(['poll', () => client.poll(ticket)])
      for (let round = 0; round < 2; round++) {
        const all = Object.entries(kinds(ticket)).map(refused)
        t.equal((await call(`${url}/livez`)).status, 200)
        await Promise.all(all)
      }
      t.comment(Object.fromEntries(fastest))
      t.ok(Math.max(...fastest.values()) < 1_000)

      await way.mend()
      const mended = performance.now()
      while ((await call(`${url}/readyz`)).status !== 200) await sleep(20)
      t.ok(performance.now() - mended < 10_000, 'it recovers by itself')

      const ten = Array.from({ length: 10 }, () => call(`${url}/ticket`, { json: {} }))
      for (const { status } of await Promise.all(ten)) {
        t.equal(status, 201, 'it trips over no connection from before')
      }
      t.equal((await client.scan(ticket, 'alice')).status, 200)
      t.equal((await client.login(ticket, 'alice')).status, 200)
      t.match((await client.poll(ticket)).body, { status: 'confirmed', token: /^eyJ/ })

      const { rows } = await outside.query<{ n: number }>(
        `select count(*)::int as n from pg_stat_activity
         where datname = current_database() and application_name = 'scenepass'`,
      )
      t.ok((rows[0]?.n ?? 99) <= 10, 'with no more connections than before')
    })
  }
})

t.test('above capacity', async (t) => {
  const databaseUrl = await postgresUrl(t)
  const outside = new pg.Client(databaseUrl)
  await outside.connect()
  t.teardown(() => outside.end())
  // So many that none is polled faster than its pace.
  await outside.query(
    `insert into tickets (scene, secret_hash, match_code, expires_at)
     select 'pressure-ticket-' || lpad(i::text, 12, '0'), sha256(('secret-' || i)::bytea), '42',
       now() + interval '1 hour'
     from generate_series(1, $1) as i`,
    [TICKETS],
  )
  const [port, ops] = [String(await freePort()), String(await freePort())]
  const { wrote, stdout } = startChild(t, 'src/server.ts', {
    cwd: temporaryFolder(t),
    env: { PORT: port, OPS_PORT: ops, DATABASE_URL: databaseUrl },
  })
  await wrote('stdout', /ScenePass is ready/)
  const url = `http://127.0.0.1:${port}`
  const requests = Array.from({ length: TICKETS }, (_, i) => {
    const path = `/ticket/pressure-ticket-${String(i + 1).padStart(12, '0')}`
    return `GET ${path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer secret-${i + 1}\r\n\r\n`
  })

  let over = false
  const alive = (async () => {
    const statuses = new Set<number>()
    for (; !over; await sleep(50)) statuses.add((await call(`${url}/livez`)).status)
    return [...statuses]
  })()
  const heard = await flood({ url, requests, connections: 1_000, seconds: 1.5 })
  over = true

  const times = (kind: string) => heard.latencies.get(kind) ?? []
  t.comment(
    [...heard.latencies].map(([kind, all]) => [kind, all.length, quantile(all, 0.99)]),
    { lost: heard.lost },
  )
  // Where nothing is left for the database either, its statements may come too late.
  const late = 'DATABASE_UNAVAILABLE'
  t.same([...heard.latencies.keys()].filter((kind) => kind !== late).sort(), ['200', 'OVERLOADED'])
  t.equal(heard.lost, 0)
  t.ok(times('200').length > 500, 'many are answered')
  t.match(heard.samples.get('OVERLOADED'), /^HTTP\/1\.1 503 [^]*\r\nretry-after: [5-9]\r\n/i)
  t.match(stdout(), /"refused":\d+,"msg":"overloaded/)
  t.same(await alive, [200], 'it lives')

  const metrics = (await call(`http://127.0.0.1:${ops}/metrics`)).body as string
  const rss = Number(/^process_resident_memory_bytes (\d+)/m.exec(metrics)?.[1])
  t.ok(rss < 400e6, `${rss} bytes`)
  while ((await call(`${url}/readyz`)).status !== 200) await sleep(50)
  const after = await flood({ url, requests, connections: 20, seconds: 0.2 })
  t.same([...after.latencies.keys()], ['200'], 'afterwards every caller is answered')
})
