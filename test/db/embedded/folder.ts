import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, mkdirSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { connect } from '../../../src/db/connect.ts'
import { prepareFolder } from '../../../src/db/embedded/folder.ts'
import { UNPACKING } from '../../../src/db/embedded/template.ts'
import { temporaryFolder } from '../../fixtures/network/child.ts'
import { pgliteUrl, quietLog } from '../../fixtures/postgres/database.ts'

const modeOf = (path: string) => statSync(path).mode & 0o777
/** An account without a name, as containers have. */
const NAMELESS = 54_321
const isRoot = process.getuid?.() === 0
const hasModes = { skip: process.platform === 'win32' ? 'Windows has no modes' : false }

function recorder() {
  const warnings: string[] = []
  return {
    warnings,
    info: () => {},
    warn: (_details: object, message: string) => void warnings.push(message),
  }
}

// Threat 27.
t.test('other accounts of the machine cannot enter the folder', hasModes, async (t) => {
  const umask = process.umask(0o022)
  t.teardown(() => process.umask(umask))

  await t.test('a new one, with every folder that is made for it', async (t) => {
    const parent = temporaryFolder(t)
    const { close } = await connect({
      url: `pglite:${join(parent, 'a', 'data')}`,
      poolSize: 1,
      log: quietLog,
    })
    t.teardown(close)
    t.equal(modeOf(join(parent, 'a', 'data')), 0o700)
    t.equal(modeOf(join(parent, 'a')), 0o700)
  })

  await t.test(
    'one that an older version made is closed at the next start, and said',
    async (t) => {
      const url = pgliteUrl(t)
      const folder = url.slice('pglite:'.length)
      chmodSync(folder, 0o755)
      const log = recorder()
      const { close } = await connect({ url, poolSize: 1, log })
      t.teardown(close)
      t.equal(modeOf(folder), 0o700)
      t.same(log.warnings, [
        'the folder of the embedded database was open to other accounts: now 0700',
      ])
    },
  )

  await t.test('one that the operator has closed further stays so', async (t) => {
    const folder = temporaryFolder(t)
    const log = recorder()
    t.equal(prepareFolder(folder, log), folder)
    t.same(log.warnings, [])
  })
})

t.test(
  'a folder of another account that is open to others is refused with the command',
  { skip: isRoot ? false : 'only root can act as another account' },
  async (t) => {
    const parent = temporaryFolder(t)
    chmodSync(parent, 0o755)
    const folder = join(parent, 'data')
    mkdirSync(folder)
    chmodSync(folder, 0o777)
    const script = `
      import { prepareFolder } from ${JSON.stringify(new URL('../../../src/db/embedded/folder.js', import.meta.url).href)}
      try { prepareFolder(process.argv[1], { info() {}, warn() {} }) } catch (error) { console.log(error.message) }
    `
    const child = spawn(process.execPath, ['--input-type=module', '--eval', script, folder], {
      uid: NAMELESS,
      gid: NAMELESS,
      cwd: '/',
      stdio: ['ignore', 'pipe', 'ignore'],
    })
    const [text] = (await once(child.stdout, 'data')) as [Buffer]
    t.match(
      String(text),
      `Run "chown -R ${NAMELESS}:${NAMELESS} ${folder} && chmod 700 ${folder}", or set DATABASE_URL=pglite:FOLDER to a folder inside of it.`,
    )
    t.equal(modeOf(folder), 0o777)
  },
)

t.test('what is no folder of a database is left as it is', async (t) => {
  const folder = temporaryFolder(t)
  chmodSync(folder, 0o755)

  await t.test('a folder with other files', async (t) => {
    writeFileSync(join(folder, 'letters.txt'), 'x')
    t.throws(() => prepareFolder(folder, quietLog), {
      message: `The folder ${folder} is no database and holds other files, such as letters.txt. Set DATABASE_URL=pglite:FOLDER to a folder that is empty or not there yet.`,
    })
    t.equal(modeOf(folder), 0o755, 'its mode neither')
  })

  await t.test('a file', async (t) => {
    for (const path of [join(folder, 'letters.txt'), join(folder, 'letters.txt', 'data')]) {
      t.throws(() => prepareFolder(path, quietLog), {
        message: /letters\.txt(\/data)? is a file, not a folder\. Set DATABASE_URL=pglite:FOLDER/,
      })
    }
  })

  await t.test('a database that is not whole yet, or a new volume, is taken', async (t) => {
    const volume = join(folder, 'volume')
    mkdirSync(join(volume, 'lost+found'), { recursive: true })
    writeFileSync(join(volume, '.gitkeep'), '')
    t.equal(prepareFolder(volume, quietLog), volume)
    writeFileSync(join(volume, UNPACKING), '')
    mkdirSync(join(volume, 'base'))
    t.equal(prepareFolder(volume, quietLog), volume)
  })
})
