import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import pg from 'pg'
import t from 'tap'
import { startChild } from './fixtures/network/child.ts'
import { isAlive, urlOf, type TestServer } from './fixtures/postgres/postgres.ts'

t.test('kill -9 of what started a PostgreSQL leaves neither that nor its folder', async (t) => {
  const child = startChild(t, 'test/fixtures/postgres/hold-server.ts')
  const [line] = await child.wrote('stdout', /\{.*\}\n/)
  const server = JSON.parse(line) as TestServer
  t.ok(isAlive(server.pid))
  t.ok(existsSync(server.dir))

  child.process.kill('SIGKILL')
  // A test's own time limit ends the waiting.
  while (isAlive(server.pid) || existsSync(server.dir)) await sleep(20)
  const client = new pg.Client(urlOf(server, 'postgres'))
  await t.rejects(client.connect(), { code: 'ECONNREFUSED' })
})
