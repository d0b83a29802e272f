import cluster from 'node:cluster'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { fileURLToPath } from 'node:url'
import { parseEnv } from 'node:util'
import t, { type Test } from 'tap'
import { request } from 'undici'
import { startChild, temporaryFolder } from '../fixtures/network/child.ts'
import type { Json } from '../fixtures/network/client.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'
import { root } from '../fixtures/root.ts'

/** node:cluster stands for pm2, which does with the file what is done here: workers share one port. */

type App = {
  instances: number
  increment_var: string
  env: Record<string, string | number>
}
const at = (file: string): string => fileURLToPath(new URL(file, root))
const [app] = createRequire(import.meta.url)(at('deploy/ecosystem.config.cjs')).apps as [App]

type Started = { lines: () => Json[]; exit: Promise<number | null> }

/** Each worker with what pm2 makes of `env`, `increment_var` and the output. */
function startWorkers(t: Test, settings: Record<string, string>): Started[] {
  cluster.setupPrimary({
    // What the command does without an argument.
    exec: at('dist/src/server.js'),
    execArgv: ['--import', at('dist/test/fixtures/network/preload-pm2.js')],
    silent: true,
  })
  const { increment_var: name, instances } = app
  return Array.from({ length: instances }, (_, n) => {
    const own = { [name]: String(Number(settings[name] ?? app.env[name]) + n) }
    const worker = cluster.fork({ ...settings, NODE_APP_INSTANCE: String(n), ...own })
    const said: string[] = []
    worker.on('message', ({ type, data }) => void (type === 'log:out' && said.push(data)))
    t.teardown(() => void worker.process.kill('SIGKILL'))
    const exit = once(worker.process, 'exit').then(([code]) => code as number | null)
    return { exit, lines: () => said.map((line) => JSON.parse(line) as Json) }
  })
}

const says =
  (what: RegExp) =>
  ({ lines }: Started): boolean =>
    lines().some(({ msg }) => what.test(msg))
const isReady = says(/ScenePass is ready/)

const until = async (happened: () => boolean): Promise<void> => {
  while (!happened()) await sleep(20)
}

/** On a connection of its own, so that the workers take turns. */
async function ask(url: string, json?: object, secret?: string): Promise<Json> {
  const { body } = await request(url, {
    reset: true,
    method: json ? 'POST' : 'GET',
    headers: {
      ...(json ? { 'content-type': 'application/json' } : {}),
      ...(secret ? { authorization: `Bearer ${secret}` } : {}),
    },
    body: json ? JSON.stringify(json) : null,
  })
  const text = await body.text()
  return text.startsWith('{') ? JSON.parse(text) : text
}

t.test('two workers share a port; their metrics add up, and pm2 has their log', async (t) => {
  const [port, ops, sandboxPort] = [await freePort(), await freePort(), await freePort()]
  // A simulated WeChat in a worker would not know the codes of the other one's.
  const sandbox = startChild(t, 'src/cli/sandbox.ts', { args: ['--port', String(sandboxPort)] })
  await sandbox.wrote('stdout', /WECHAT_API_BASE=.*\n/)
  const workers = startWorkers(t, {
    ...(parseEnv(sandbox.stdout()) as Record<string, string>),
    DATABASE_URL: await postgresUrl(t),
    CODE_STOCK: '0',
    PORT: String(port),
    OPS_PORT: String(ops),
  })
  await until(() => workers.every(isReady))

  const LOGINS = 20
  const url = `http://127.0.0.1:${port}`
  for (let i = 0; i < LOGINS; i++) {
    const { scene, secret } = await ask(`${url}/ticket`, {})
    const wxLogin = `http://127.0.0.1:${sandboxPort}/sandbox/wx-login`
    const { code } = await ask(wxLogin, { user: 'alice' })
    await ask(`${url}/login`, { code, scene })
    t.equal((await ask(`${url}/ticket/${scene}`, undefined, secret)).status, 'confirmed')
  }
  const confirmed = async (n: number): Promise<number> => {
    const text = await ask(`http://127.0.0.1:${ops + n}/metrics`)
    return Number(/^scenepass_tickets_total\{outcome="confirmed"\} (\d+)$/m.exec(text)?.[1])
  }
  // A port that workers share would be answered by one worker after the other.
  const [a, again, b] = [await confirmed(0), await confirmed(0), await confirmed(1)]
  t.equal(a, again, 'a port is one worker’s')
  t.ok(a > 0 && b > 0, `${a} and ${b}`)
  t.equal(a + b, LOGINS)
  t.same(
    workers.map(({ lines }) => lines().filter(({ outcome }) => outcome === 'confirmed').length),
    [a, b],
  )
})

t.test('the embedded database takes one worker, the other one says why', async (t) => {
  const workers = startWorkers(t, {
    DATABASE_URL: `pglite:${join(temporaryFolder(t), 'db')}`,
    CODE_STOCK: '0',
    PORT: String(await freePort()),
    OPS_PORT: String(await freePort()),
  })
  const isRefused = says(/in use/)
  await until(() => workers.every((each) => isReady(each) || isRefused(each)))
  t.equal(workers.filter(isReady).length, 1)
  const [refused] = workers.filter(isRefused)
  t.equal(refused?.lines().at(-1).level, 'fatal')
  // The channel that pm2 keeps open to it does not hold it.
  t.equal(await refused?.exit, 1)
})
