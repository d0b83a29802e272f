import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { startChild, temporaryFolder, type Child } from './fixtures/network/child.ts'
import { until } from './fixtures/network/server.ts'
import { postgresUrl } from './fixtures/postgres/database.ts'
import { freePort } from './fixtures/postgres/postgres.ts'

/** A signal ends a start that is under way, also as process 1, which has no handlers by itself: found 15. */

const asFirst = ['unshare', '--pid', '--fork', '--kill-child']
const may = spawnSync('unshare', [...asFirst.slice(1), 'true']).status === 0
const skip = may ? false : 'this account may not make a process 1 (unshare --pid)'

/** The process that `unshare` has started. */
const inside = ({ process: { pid } }: Child): number =>
  Number(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))

async function endsSoon(t: Test, child: Child, pid: number, signal: NodeJS.Signals) {
  const began = performance.now()
  process.kill(pid, signal)
  t.equal(await child.ended, 0, signal)
  t.ok(performance.now() - began < 5_000)
  t.notMatch(child.stdout() + child.stderr(), /Error|is ready/)
}

t.test('while it waits for its database', { jobs: 2 }, async (t) => {
  const env = { DATABASE_URL: `postgres://me@127.0.0.1:${await freePort()}/x`, NODE_ENV: 'test' }
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    t.test(`${signal} as any process`, { buffered: true }, async (t) => {
      const child = startChild(t, 'src/server.ts', { env, cwd: temporaryFolder(t) })
      await child.wrote('stdout', /waiting up to/)
      await endsSoon(t, child, child.process.pid ?? 0, signal)
    })
    t.test(`${signal} as process 1`, { buffered: true, skip }, async (t) => {
      const cwd = temporaryFolder(t)
      const child = startChild(t, 'src/server.ts', { env, cwd, under: asFirst, bare: true })
      await child.wrote('stdout', /waiting up to/)
      await endsSoon(t, child, inside(child), signal)
    })
  }
})

t.test(
  'while the embedded database is made, which then is whole at the next start',
  { skip },
  async (t) => {
    const cwd = temporaryFolder(t)
    const env = { PORT: '0', CODE_STOCK: '0' }
    const child = startChild(t, 'src/server.ts', { env, cwd, under: asFirst, bare: true })
    await until(() => existsSync(join(cwd, 'data')))
    await endsSoon(t, child, inside(child), 'SIGTERM')
    const next = startChild(t, 'src/server.ts', { env, cwd })
    await next.wrote('stdout', /is ready/)
    next.process.kill('SIGTERM')
    t.equal(await next.ended, 0)
  },
)

t.test('while it migrates: a lock holds it up', async (t) => {
  const DATABASE_URL = await postgresUrl(t, { empty: true })
  const { default: pg } = await import('pg')
  const client = new pg.Client({ connectionString: DATABASE_URL })
  await client.connect()
  await client.query('begin; create table tickets (x int)')
  const env = { DATABASE_URL, NODE_ENV: 'test', PORT: '0' }
  const child = startChild(t, 'src/server.ts', { env, cwd: temporaryFolder(t) })
  const held = until(async () => {
    // What is looked at within a transaction stays as it was seen first.
    await client.query('select pg_stat_clear_snapshot()')
    const { rows } = await client.query<{ n: number }>(
      "select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'",
    )
    return (rows[0]?.n ?? 0) > 0
  })
  await Promise.race([
    held,
    child.ended.then((end) => Promise.reject(new Error(`${end}: ${child.stdout()}`))),
  ])
  await endsSoon(t, child, child.process.pid ?? 0, 'SIGTERM')
  await client.end()
})
