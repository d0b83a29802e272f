import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, lstatSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'
import t, { type Test } from 'tap'
import { temporaryFolder } from './fixtures/network/child.ts'
import { call, clientOf } from './fixtures/network/client.ts'
import { plainEnvironment, runCommand } from './fixtures/network/command.ts'
import { pack, unpack } from './fixtures/packed.ts'
import { freePort } from './fixtures/postgres/postgres.ts'
import { groupCpuUs } from './fixtures/process-stat.ts'
import { root } from './fixtures/root.ts'

/** What npm makes of this repository, and what becomes of it where there is nothing but Node.js. */

const MOST_MB = 100
/** Of npx, service and database until it is ready: time on the clock depends on what runs beside. */
const MOST_START_CPU_S = 5

const tarball = await pack(t)

const filesIn = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => join(entry.parentPath, entry.name))

t.test('the package has what it needs, and nothing of the machine that built it', async (t) => {
  const folder = temporaryFolder(t)
  await unpack(tarball, folder)
  const files = filesIn(folder).map((file) => relative(folder, file))
  for (const file of [
    'LICENSE',
    'README.md',
    'README.zh-CN.md',
    '.env.example',
    'docs/operate.md',
    'dist/src/cli/scenepass.js',
    'dist/src/db/embedded/pglite-template.tar.gz',
    'dist/src/web/widget.js',
    'dist/src/web/widget.d.ts',
    'dist/src/web/client.d.ts',
    'dist/src/web/served.js',
    'dist/src/web/page/favicon.ico',
    'src/miniprogram/pages/login/login.js',
  ]) {
    t.ok(files.includes(file), file)
  }
  t.ok(files.some((file) => file.startsWith('dist/migrations/')))
  t.same(
    files.filter((file) => /(^|\/)test\/|\.(map|tsbuildinfo)$|^src\/(?!miniprogram)/.test(file)),
    [],
  )
  const checkout = fileURLToPath(root).replace(/\/$/, '')
  for (const file of files) {
    const bytes = readFileSync(join(folder, file))
    const text = (file.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('latin1')
    if (text.includes(checkout) || text.includes('file://')) t.fail(file)
  }
})

async function install(t: Test): Promise<string | null> {
  const folder = temporaryFolder(t)
  writeFileSync(join(folder, 'package.json'), '{"private":true}')
  const args = ['install', '--no-audit', '--no-fund', '--prefer-offline', tarball]
  // Without a registry npm tries again for minutes.
  const env = { npm_config_fetch_retries: '0', npm_config_fetch_timeout: '30000' }
  const { status, out, err } = await runCommand('npm', args, { cwd: folder, env })
  if (status === 0) {
    t.notMatch(out + err, /EBADENGINE|deprecated|install scripts/)
    return folder
  }
  if (process.env['SCENEPASS_REGISTRY'] === 'required') throw new Error(err)
  t.comment(`NOT TESTED: no npm registry can be reached: ${err.split('\n')[0]}`)
  return null
}

t.test('installed in an empty folder, it serves, signs in and answers its commands', async (t) => {
  const folder = await install(t)
  if (folder === null) return
  const sizes = filesIn(join(folder, 'node_modules')).map((file) => lstatSync(file))
  const megabytes = (all: number[]) => all.reduce((sum, each) => sum + each, 0) / 1e6
  const disk = megabytes(sizes.map(({ blocks }) => blocks * 512))
  t.comment(`${megabytes(sizes.map(({ size }) => size)).toFixed(0)} MB, ${disk.toFixed(0)} on disk`)
  t.ok(disk < MOST_MB, `${disk} MB`)

  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const env = { PORT: String(port) }
  // What npx has run twice, the version and the service, it need not find again for each command.
  const scenepass = (...args: string[]) =>
    runCommand(join(folder, 'node_modules/.bin/scenepass'), args, { cwd: folder, env })

  const version = ['--no-install', 'scenepass', '--version']
  t.match(await runCommand('npx', version, { cwd: folder, env }), { status: 0, err: '' })

  const began = performance.now()
  const child = spawn('npx', ['--no-install', 'scenepass'], {
    cwd: folder,
    env: plainEnvironment(env),
    stdio: ['ignore', 'pipe', 'inherit'],
    // npx is the parent of what it runs: both are stopped as one.
    detached: true,
  })
  const ended = once(child, 'close')
  const stop = () => void process.kill(-(child.pid as number), 'SIGTERM')
  t.teardown(() => {
    if (child.exitCode === null && child.signalCode === null) stop()
  })
  await new Promise<void>((resolve, reject) => {
    child.stdout.on('data', (chunk: Buffer) => /is ready/.test(chunk.toString()) && resolve())
    void ended.then(() => reject(new Error('it ended')))
  })
  if (process.platform === 'linux') {
    const cpu = groupCpuUs(child.pid as number) / 1_000_000
    t.comment(`ready after ${((performance.now() - began) / 1_000).toFixed(1)} s, ${cpu} of CPU`)
    t.ok(cpu > 0 && cpu < MOST_START_CPU_S, `ready after ${cpu} s of CPU`)
  }
  t.ok(existsSync(join(folder, 'data', 'PG_VERSION')), 'its data is in the working folder')

  const client = clientOf(url)
  const ticket = await client.create()
  t.match(await client.login(ticket, 'alice'), { status: 200, body: { status: 'confirmed' } })
  t.match(await client.poll(ticket), { status: 200, body: { token: /^ey/ } })
  t.equal((await call(`${url}/widget.js`)).status, 200)
  t.match(await scenepass('health'), { status: 0, out: `${url}/readyz`, err: '' })

  stop()
  await ended
  t.match(await scenepass('health'), { status: 1, out: '', err: /HOST.*PORT.*\n$/ })
  t.match(await scenepass('keys', 'list'), { status: 0, out: /^\S{43} +signs/, err: '' })
  t.match(await scenepass('--help'), { status: 0, out: /^scenepass \[COMMAND\]/ })

  const script = `
    const { signIn } = await import('scenepass/client')
    const { ScenePassElement } = await import('scenepass/widget')
    console.log(typeof signIn, typeof ScenePassElement)`
  const { out } = await runCommand(process.execPath, ['--input-type=module', '-e', script], {
    cwd: folder,
  })
  t.equal(out, 'function function\n', 'a server can load the element, too')
})
