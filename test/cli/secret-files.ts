import { chmodSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t, { type Test } from 'tap'
import { commandToClose, openToOthers, secretFiles } from '../../src/config/secret-files.ts'
import { checkSecretFiles } from '../../src/doctor/secret-files.ts'
import { startChild, temporaryFolder } from '../fixtures/network/child.ts'

const skip = process.platform === 'win32' && 'Windows has no such modes'

/** A folder with settings and signing keys, each with the mode that a test wants. */
function setUp(t: Test, modes: { dotEnv: number; keys: number }) {
  const folder = temporaryFolder(t)
  const write = (name: string, text: string, mode: number) => {
    const file = join(folder, name)
    writeFileSync(file, text)
    chmodSync(file, mode)
    return file
  }
  const keys = write('signing keys.json', '{"keys":[]}', modes.keys)
  const DATABASE_URL = 'postgres://127.0.0.1:1/x'
  const lines = [`SIGNING_KEYS='file:${keys}'`, `DATABASE_URL=${DATABASE_URL}`, 'PORT=0']
  const dotEnv = write('.env', `${lines.join('\n')}\n`, modes.dotEnv)
  return { folder, dotEnv, keys, env: { SIGNING_KEYS: `file:${keys}`, DATABASE_URL } }
}

t.test('threat 27: files that others can read are found', { skip }, async (t) => {
  for (const [mode, open] of [
    [0o600, false],
    [0o400, false],
    [0o700, false],
    [0o644, true],
    [0o604, true],
    [0o602, true],
    [0o620, true],
    [0o666, true],
  ] as const) {
    const { env, dotEnv, keys } = setUp(t, { dotEnv: mode, keys: mode })
    t.same(openToOthers(secretFiles(env, dotEnv)), open ? [dotEnv, keys] : [], mode.toString(8))
  }
  const { env, keys } = setUp(t, { dotEnv: 0o600, keys: 0o644 })
  t.same(openToOthers(secretFiles(env, '/there/is/none/.env')), [keys])
})

t.test('which files are meant, and the command', async (t) => {
  t.same(secretFiles({}), ['.env'])
  t.same(secretFiles({ SIGNING_KEYS: '{"keys":[]}' }), ['.env'])
  t.same(
    secretFiles({
      SIGNING_KEYS: 'file:./keys.json',
      DATABASE_URL: 'postgres://h/x?sslmode=verify-full&sslkey=/etc/client.key',
      DATABASE_READ_URL: 'postgres://h/x?sslkey=%2Fetc%2Fclient.key',
    }),
    ['.env', './keys.json', '/etc/client.key'],
  )
  t.equal(
    commandToClose(['.env', './my keys.json', "it's"]),
    "chmod 600 .env './my keys.json' 'it'\\''s'",
  )
})

t.test('threat 27: a start names them, with the command', { skip }, async (t) => {
  const warnings = async (modes: { dotEnv: number; keys: number }) => {
    const { folder, keys } = setUp(t, modes)
    const child = startChild(t, 'src/server.ts', { cwd: folder })
    await child.wrote('stdout', /waiting up to/)
    child.process.kill('SIGKILL')
    await child.ended
    const lines = child.stdout().trim().split('\n')
    const found = lines.map((line) => JSON.parse(line)).filter(({ files }) => files)
    return { found, keys }
  }
  const { found, keys } = await warnings({ dotEnv: 0o644, keys: 0o640 | 0o004 })
  t.match(found, [{ level: 'warn', files: ['.env', keys], msg: `chmod 600 .env '${keys}'` }])
  t.equal(found.length, 1)
  t.same((await warnings({ dotEnv: 0o600, keys: 0o600 })).found, [])
})

t.test('threat 27: the doctor fails on them', async (t) => {
  const files = ['.env', 'keys.json']
  t.match(checkSecretFiles({ files, open: [], command: '' }), {
    status: 'ok',
    says: { en: /\(\.env, keys\.json\)/, zh: /（\.env、keys\.json）/ },
  })
  t.match(checkSecretFiles({ files, open: ['keys.json'], command: 'chmod 600 keys.json' }), {
    status: 'failed',
    says: { en: /can read or change keys\.json/, zh: /keys\.json/ },
    fix: { en: /"chmod 600 keys\.json"/, zh: /"chmod 600 keys\.json"/ },
  })
})
