import cluster, { type Worker } from 'node:cluster'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { call, clientOf } from '../fixtures/network/client.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'
import { root } from '../fixtures/root.ts'

/** node:cluster stands for pm2, which does with the file what is done here: workers share one port. */

type App = {
  instances: number
  increment_var: string
  env: Record<string, string | number>
}
const { apps } = createRequire(import.meta.url)(
  fileURLToPath(new URL('deploy/ecosystem.config.cjs', root)),
) as { apps: App[] }
const [app] = apps as [App]

/** Each worker with what pm2 makes of `env` and `increment_var`. */
function startWorkers(
  t: Test,
  settings: Record<string, string>,
): { worker: Worker; said(): string }[] {
  // What the command does without an argument.
  cluster.setupPrimary({ exec: fileURLToPath(new URL('dist/src/server.js', root)), silent: true })
  const { increment_var: name, instances } = app
  return Array.from({ length: instances }, (_, n) => {
    const own = { [name]: String(Number(settings[name] ?? app.env[name]) + n) }
    const worker = cluster.fork({ ...settings, NODE_APP_INSTANCE: String(n), ...own })
    let said = ''
    for (const stream of [worker.process.stdout, worker.process.stderr]) {
      stream?.setEncoding('utf8').on('data', (chunk: string) => (said += chunk))
    }
    t.teardown(() => void worker.process.kill('SIGKILL'))
    return { worker, said: () => said }
  })
}

const until = async (happened: () => boolean): Promise<void> => {
  while (!happened()) await sleep(20)
}

t.test('two workers share a port, and their metrics add up', async (t) => {
  const [port, ops] = [await freePort(), await freePort()]
  const workers = startWorkers(t, {
    DATABASE_URL: await postgresUrl(t),
    CODE_STOCK: '0',
    PORT: String(port),
    OPS_PORT: String(ops),
  })
  await until(() => workers.every(({ said }) => said().includes('ScenePass is ready')))
  const LOGINS = 20
  const { create, login, poll } = clientOf(`http://127.0.0.1:${port}`)
  for (let i = 0; i < LOGINS; i++) {
    const ticket = await create()
    await login(ticket, 'alice')
    t.equal((await poll(ticket)).body.status, 'confirmed')
  }
  const delivered = async (n: number): Promise<number> => {
    const { body } = await call(`http://127.0.0.1:${ops + n}/metrics`)
    return Number(/^scenepass_tickets_total\{outcome="delivered"\} (\d+)$/m.exec(body)?.[1])
  }
  // A port that workers share would be answered by one worker after the other.
  const scrapes = [await delivered(0), await delivered(0), await delivered(1), await delivered(1)]
  t.same([scrapes[0], scrapes[2]], [scrapes[1], scrapes[3]], 'each port is one worker’s')
  t.equal((scrapes[0] ?? 0) + (scrapes[2] ?? 0), LOGINS, `${scrapes[0]} + ${scrapes[2]}`)
})

t.test('the embedded database takes one worker, the other one says why', async (t) => {
  const workers = startWorkers(t, {
    DATABASE_URL: `pglite:${join(temporaryFolder(t), 'db')}`,
    CODE_STOCK: '0',
    PORT: String(await freePort()),
    OPS_PORT: String(await freePort()),
  })
  const served = () => workers.filter(({ said }) => said().includes('ScenePass is ready'))
  const refused = () => workers.filter(({ said }) => said().includes('in use'))
  await until(() => served().length + refused().length === 2)
  t.same([served().length, refused().length], [1, 1])
  t.match(JSON.parse(refused()[0]?.said().trim().split('\n').at(-1) ?? ''), { level: 'fatal' })
})
