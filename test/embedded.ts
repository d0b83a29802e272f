import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { call, clientOf } from './fixtures/network/client.ts'
import { startChild, temporaryFolder } from './fixtures/network/child.ts'
import { childrenOf, databaseOf, runs } from './fixtures/postgres/embedded.ts'

const onLinux = { skip: process.platform === 'linux' ? false : 'needs /proc' }

/** Megabytes that a process has for itself, with its share of what it has with others; 0 when it is gone. */
function memoryOf(pid: number): number {
  try {
    const text = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8')
    return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1]) / 1024
  } catch {
    return 0
  }
}

t.test('the service on its embedded database, from an empty folder', onLinux, async (t) => {
  const child = startChild(t, 'src/server.ts', {
    cwd: temporaryFolder(t),
    env: { PORT: '0' },
    bare: true,
  })
  const service = child.process.pid ?? 0
  const total = () =>
    [service, ...childrenOf(service)].map(memoryOf).reduce((sum, each) => sum + each, 0)
  let most = 0
  // To add up the memory takes 5 ms of CPU, and a new database is made for more than a second.
  const watch = setInterval(() => (most = Math.max(most, total())), 25)
  t.teardown(() => clearInterval(watch))
  await child.wrote('stdout', /ScenePass is ready/)
  const url = /listening on (http:[^"\s]+)/.exec(child.stdout())?.[1] ?? ''

  await t.test('takes little memory', async (t) => {
    await sleep(3_000)
    clearInterval(watch)
    const idle = total()
    t.ok(idle < 220, `idle: ${Math.round(idle)} MB`)
    t.ok(most < 320, `at most: ${Math.round(most)} MB`)
  })

  const database = databaseOf(service)
  const { login } = clientOf(url)

  await t.test('a database that stands still takes nothing along', async (t) => {
    process.kill(database, 'SIGSTOP')
    const began = performance.now()
    t.match(await call(`${url}/ticket`, { method: 'POST' }), {
      status: 503,
      body: { code: 'DATABASE_UNAVAILABLE' },
    })
    t.ok(performance.now() - began < 8_000, 'soon')
    t.match(await call(`${url}/readyz`), { status: 503 })
    t.match(await call(`${url}/livez`), { status: 200 })
    await child.wrote('stdout', /has ended: it is started again/)
    t.match(child.stdout(), '"reason":"it did not answer for 10 s"')
    await child.wrote('stdout', /the embedded database answers again/)
    while ((await call(`${url}/readyz`)).status !== 200) await sleep(50)
    t.match(await login(null, 'alice'), { status: 200 })
    t.notOk(runs(database))
  })

  await t.test('a service manager may signal all of its processes', async (t) => {
    const now = databaseOf(service)
    process.kill(now, 'SIGTERM')
    process.kill(now, 'SIGINT')
    t.match(await login(null, 'bob'), { status: 200 }, 'the database waits for its service')
    child.process.kill('SIGTERM')
    t.equal(await child.ended, 0)
    t.notOk(runs(now))
  })
})
