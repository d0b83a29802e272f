import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { readConfig } from '../../src/config/config.ts'
import { settings } from '../../src/config/settings.ts'
import { read } from '../fixtures/guide.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'
import { root } from '../fixtures/root.ts'

/**
 * There is no container engine here. The Dockerfile is read, and its steps are carried out in folders:
 * all but `npm ci` and `npm prune`, in whose place are the packages of this machine.
 */

const here = fileURLToPath(root)
const steps = read('deploy/Dockerfile')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
  .map((line) => [line.slice(0, line.indexOf(' ')), line.slice(line.indexOf(' ') + 1)] as const)
const of = (name: string): string[] =>
  steps.filter(([word]) => word === name).map(([, rest]) => rest)

/** What the build is given: everything is left out but what is named with a !. */
const [nothing, ...named] = read('deploy/Dockerfile.dockerignore')
  .split('\n')
  .filter((line) => line !== '' && !line.startsWith('#'))
const context = named.map((line) => line.replace(/^!/, ''))

t.test('the build is given sources, and nothing that is secret', async (t) => {
  t.equal(nothing, '*')
  for (const name of context) t.ok(existsSync(join(here, name)), name)
  const secret = readdirSync(here).filter((name) =>
    /^\.env|keys|^data$|^\.git$|node_modules/.test(name),
  )
  t.same(
    secret.filter((name) => context.includes(name)),
    [],
  )
})

t.test('every file of deploy/ starts what the build makes', async (t) => {
  const unit = /^ExecStart=\/usr\/bin\/node \/opt\/scenepass\/(\S+) start$/m
  const { apps } = createRequire(import.meta.url)(join(here, 'deploy/ecosystem.config.cjs')) as {
    apps: { script: string; exec_mode: string; env: object }[]
  }
  const [{ script = '', ...pm2 } = {}] = apps as { script?: string }[]
  t.match(pm2, { exec_mode: 'cluster', env: { NODE_ENV: 'production' } })
  t.ok(existsSync(script), script)
  t.ok(existsSync(join(here, unit.exec(read('deploy/scenepass.service'))?.[1] ?? '-')))
  t.same(JSON.parse(of('ENTRYPOINT')[0] ?? ''), ['node', '/app/dist/src/cli/scenepass.js'])
})

t.test('the steps of the Dockerfile make what serves and says that it is well', async (t) => {
  const folder = temporaryFolder(t)
  const [src, app, data] = ['src', 'app', 'data'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ]
  for (const name of context) cpSync(join(here, name), join(src, name), { recursive: true })
  symlinkSync(join(here, 'node_modules'), join(src, 'node_modules'))
  for (const step of of('RUN').filter((run) => !/^npm (ci|prune)|\/data/.test(run))) {
    const { status, stderr } = spawnSync('sh', ['-c', step], { cwd: src, encoding: 'utf8' })
    t.equal(status, 0, `${step}\n${stderr}`)
  }
  t.notOk(existsSync(join(src, 'dist/test')))

  for (const copy of of('COPY').filter((each) => each.startsWith('--from=build '))) {
    const [, ...words] = copy.split(' ')
    const to = words.pop() ?? ''
    for (const from of words) {
      const name = from.replace('/src/', '')
      const target = to.endsWith('/') ? join(to, name) : to
      // The packages are a link here: to copy them takes longer than all the rest.
      cpSync(join(src, name), join(folder, target), { recursive: true, verbatimSymlinks: true })
    }
  }
  mkdirSync(data, { mode: 0o700 })
  const [entry, cmd, check] = ['ENTRYPOINT', 'CMD', 'HEALTHCHECK'].map((name) =>
    (JSON.parse(/\[.*\]/.exec(of(name)[0] ?? '')?.[0] ?? '[]') as string[]).map((word) =>
      word === 'node' ? process.execPath : word.replace('/app', app),
    ),
  ) as [string[], string[], string[]]
  const PORT = String(await freePort())
  const env = { ...process.env, NODE_ENV: 'development', DATABASE_URL: `pglite:${data}/db`, PORT }
  // Nothing but its data may be written to.
  chmodSync(app, 0o500)
  const [program = '', ...args] = [...entry, ...cmd]
  const service = spawn(program, args, { cwd: data, env, stdio: ['ignore', 'pipe', 'inherit'] })
  t.teardown(() => service.kill('SIGKILL'))
  let said = ''
  for await (const chunk of service.stdout) if (/ScenePass is ready/.test((said += chunk))) break
  service.stdout.resume()

  const health = () => spawnSync(check[0] ?? '', check.slice(1), { cwd: data, env }).status
  t.equal(health(), 0, 'it is well')
  t.same(readdirSync(data), ['db'], 'nothing else is written')
  service.kill('SIGTERM')
  t.same(await once(service, 'exit'), [0, null])
  t.equal(health(), 1, 'and now it is gone')
})

t.test('compose.yml has settings that are there, and that fit', async (t) => {
  const compose = parse(read('deploy/compose.yml'))
  const { scenepass, db } = compose.services
  t.same(scenepass.build, { context: '..', dockerfile: 'deploy/Dockerfile' })
  const values: Record<string, string> = {
    POSTGRES_PASSWORD: 'a1b2c3',
    WECHAT_APPID: 'wx0123456789abcdef',
    WECHAT_SECRET: '0123456789abcdef0123456789abcdef',
  }
  const filled = (text: string) => text.replace(/\$\{(\w+):\?\}/g, (_, name) => values[name] ?? '')
  const env = Object.fromEntries(
    Object.entries(scenepass.environment as Record<string, string>).map(([name, value]) => {
      t.ok(name in settings.properties, name)
      return [name, filled(value)]
    }),
  )
  const image = Object.fromEntries(
    of('ENV').flatMap((line) => line.split(' ').map((each) => each.split('='))),
  )
  const config = readConfig({ ...image, ...env })
  t.equal(config.production, true)
  t.same(config.ops, { host: '0.0.0.0', port: 9464 })
  const { username, pathname } = new URL(config.database.url)
  t.same([username, pathname.slice(1)], [db.environment.POSTGRES_USER, db.environment.POSTGRES_DB])
  t.same([scenepass.read_only, scenepass.cap_drop], [true, ['ALL']])
  t.ok(scenepass.ports.every((port: string) => port.startsWith('127.0.0.1:')))
  for (const volume of Object.keys(compose.volumes))
    t.match(db.volumes, [new RegExp(`^${volume}:`)])
})
