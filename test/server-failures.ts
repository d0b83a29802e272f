import { once } from 'node:events'
import { chmodSync, mkdirSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t, { type Test } from 'tap'
import { startChild, temporaryFolder } from './fixtures/network/child.ts'
import { postgresUrl } from './fixtures/postgres/database.ts'

/** Every failed start: one sentence with the setting and the way out, exit status 1, and no stack. */

type Failing = {
  env?: Record<string, string>
  /** What is in the folder that it is started in. */
  files?: Record<string, string>
  says: RegExp
}

async function fails(
  t: Test,
  { env = {}, files = {}, says }: Failing,
  { file = 'src/server.ts', ...options }: { file?: string } & Parameters<typeof startChild>[2] = {},
) {
  const cwd = temporaryFolder(t)
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text)
  const child = startChild(t, file, { cwd, env, ...options })
  t.equal(await child.ended, 1, 'exit status 1')
  const all = child.stdout() + child.stderr()
  t.match(all, says)
  t.notMatch(all, /\n\s+at |\[object Object\]|Error:|is ready/)
  const last = JSON.parse(all.trim().split('\n').at(-1) ?? '') as { msg: string }
  t.match(last.msg, says, 'the last line is one of the log')
  return last.msg
}

const taken = createServer().listen(0, '127.0.0.1')
await once(taken, 'listening')
t.teardown(() => taken.close())
const { port } = taken.address() as AddressInfo
const DATABASE_URL = await postgresUrl(t)

t.test('where it cannot listen', { jobs: 2 }, async (t) => {
  for (const [name, env, says] of [
    ['PORT in use', { PORT: `${port}` }, new RegExp(`The port ${port} is in use. .*set PORT to`)],
    ['OPS_PORT in use', { PORT: '0', OPS_PORT: `${port}` }, /is in use. .*set OPS_PORT to/],
    [
      'found 27: HOST of a shell',
      { HOST: 'x86_64-conda-linux-gnu' },
      /HOST is x86_64-conda-linux-gnu: a name that cannot be found. Unset it, or set it to 127\.0\.0\.1/,
    ],
    [
      'found 27: HOST elsewhere',
      { HOST: '203.0.113.9', PORT: '0', NODE_ENV: 'test' },
      /HOST is 203\.0\.113\.9: no address of this machine. Unset it/,
    ],
    [
      'OPS_HOST elsewhere',
      { PORT: '0', OPS_HOST: '203.0.113.9', OPS_PORT: '9464' },
      /OPS_HOST is 203\.0\.113\.9: no address of this machine/,
    ],
  ] as const) {
    t.test(
      name,
      { buffered: true },
      async (t) => void (await fails(t, { env: { DATABASE_URL, NODE_ENV: 'test', ...env }, says })),
    )
  }
})

t.test('where settings, files or folders are not what they should be', { jobs: 2 }, async (t) => {
  for (const [name, failing] of Object.entries<Failing>({
    'a word of a setting': { env: { MIGRATE: 'atuo' }, says: /MIGRATE must be auto or off/ },
    'found 13: NODE_ENV': {
      env: { NODE_ENV: 'prod' },
      says: /NODE_ENV must be production, development or test/,
    },
    'found 10: a ~': {
      env: { DATABASE_URL: 'pglite:~/x' },
      says: /DATABASE_URL must be .*without ~/,
    },
    'found 10: a URL': {
      env: { DATABASE_URL: 'pglite:memory://' },
      says: /DATABASE_URL must be .*:\/\//,
    },
    'a file for a folder': {
      env: { DATABASE_URL: 'pglite:./file' },
      files: { file: '' },
      says: /file is a file.*DATABASE_URL=pglite:FOLDER/,
    },
    'a folder in a file': {
      env: { DATABASE_URL: 'pglite:./file/x/y' },
      files: { file: '' },
      says: /DATABASE_URL=pglite:FOLDER to a folder/,
    },
    'a folder that cannot be': {
      env: { DATABASE_URL: 'pglite:/proc/x/y' },
      says: /\/proc\/x\/y cannot be made: .*DATABASE_URL=pglite/,
    },
    'a folder of others': {
      env: { DATABASE_URL: 'pglite:./' },
      files: { 'shop.db': '' },
      says: /holds other files, such as shop\.db/,
    },
    'found 11: UTF-16': { files: { '.env': 'N\0O\0D\0E\0' }, says: /\.env is UTF-16/ },
    'found 11: a line': {
      files: { '.env': 'PORT=1\noops\n' },
      says: /\.env, line 2: neither empty/,
    },
    'a name': {
      files: { '.env': 'DATABSE_URL=x\n' },
      says: /\.env, line 1: .*Is it DATABASE_URL\?/,
    },
    'a # in a value': {
      files: { '.env': 'SITE_NAME=C#\n' },
      says: /line 1: the # would cut .*SITE_NAME/,
    },
    'a colour that is a comment': {
      files: { '.env': 'SITE_COLOR=#07c160\n' },
      says: /line 1: the # would cut .*SITE_COLOR/,
    },
    'a logo that is none': {
      env: { SITE_LOGO: 'logo.png' },
      files: { 'logo.png': 'GIF89a' },
      says: /SITE_LOGO: logo\.png is no PNG/,
    },
    'found 11: a mark': {
      files: { '.env': '\uFEFFNODE_ENV=production\r\n' },
      says: /WECHAT_APPID and WECHAT_SECRET must be set in production/,
    },
  })) {
    t.test(name, { buffered: true }, async (t) => void (await fails(t, failing)))
  }
})

t.test('.env that is a folder, or for other accounts', async (t) => {
  const cwd = temporaryFolder(t)
  mkdirSync(join(cwd, '.env'))
  await fails(t, { says: /\.env is a folder; settings are read from a file/ }, { cwd })
  if (process.getuid?.() !== 0) return
  const other = temporaryFolder(t)
  writeFileSync(join(other, '.env'), 'PORT=1\n', { mode: 0o600 })
  chmodSync(other, 0o755)
  const under = ['setpriv', '--reuid=65534', '--regid=65534', '--clear-groups']
  await fails(
    t,
    { says: /\.env cannot be read \(EACCES\).*chmod 600/ },
    { cwd: other, under, bare: true },
  )
})

t.test(
  "a process manager's channel, as in pm2's cluster mode, does not keep it alive",
  async (t) => {
    const options = {
      file: 'test/fixtures/network/one-worker.ts',
      args: [fileURLToPath(new URL('../src/server.js', import.meta.url))],
    }
    await fails(
      t,
      { env: { DATABASE_URL, HOST: '203.0.113.9', NODE_ENV: 'test' }, says: /HOST is/ },
      options,
    )
    await fails(t, { env: { MIGRATE: 'atuo' }, says: /MIGRATE/ }, options)
  },
)

t.test('told to be silent, it still says why it does not start', async (t) => {
  await fails(t, { env: { DATABASE_URL, PORT: `${port}`, LOG_LEVEL: 'silent' }, says: /is in use/ })
})

t.test('an old Node.js is told before anything of it is used', async (t) => {
  const child = startChild(t, 'src/server.ts', {
    preload: 'test/fixtures/network/preload-old-node.ts',
  })
  t.equal(await child.ended, 1)
  t.match(
    child.stderr(),
    /^ScenePass 需要 Node\.js 20\.19.*18\.20\.8.*\nScenePass needs Node\.js 20\.19 or newer, and this is 18\.20\.8\. .*\n$/,
  )
})
