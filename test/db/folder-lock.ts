import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, readdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
import { lockFolder } from '../../src/db/folder-lock.ts'
import { startChild, temporaryFolder } from '../fixtures/network/child.ts'
import { pgliteUrl, quietLog, type Teardown } from '../fixtures/postgres/database.ts'

const HOLD = 'test/fixtures/postgres/hold-folder.ts'
const inUse = { message: /^The folder .+ is in use by another ScenePass process\. Stop that one/ }
const socketsIn = (folder: string) =>
  readdirSync(folder).filter((name) => name.startsWith('.scenepass-'))

t.test(
  'of many at once one gets a folder, and the next one after it has given it back',
  async (t) => {
    const folder = temporaryFolder(t)
    const another = join(folder, 'another')
    mkdirSync(another)
    for (let round = 0; round < 5; round++) {
      const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)))
      const won = tries.filter((result) => result.status === 'fulfilled')
      t.equal(won.length, 1)
      await t.rejects(lockFolder(folder), inUse)
      const elsewhere = await lockFolder(another)
      await elsewhere()
      t.equal(socketsIn(folder).length, 1, 'the losers leave nothing behind')
      await won[0]?.value()
    }
    t.same(socketsIn(folder), [], 'nor does the winner')
  },
)

t.test('a folder whose path is too long for a socket', async (t) => {
  const folder = join(temporaryFolder(t), 'n'.repeat(120), '二维码'.repeat(10))
  mkdirSync(folder, { recursive: true })
  if (process.platform !== 'linux') {
    await t.rejects(lockFolder(folder), { message: /too long by \d+ bytes/ })
    return
  }
  const unlock = await lockFolder(folder)
  await t.rejects(lockFolder(folder), inUse)
  await unlock()
  await (
    await lockFolder(folder)
  )()
})

t.test('a second process is refused, and kill -9 of the first gives the folder back', async (t) => {
  const url = pgliteUrl(t)
  const folder = url.slice('pglite:'.length)
  const first = startChild(t, HOLD, { args: [url] })
  await first.wrote('stdout', /open/)

  await t.rejects(connect({ url, poolSize: 1, log: quietLog }), {
    message: new RegExp(
      `^The folder ${folder} is in use .*DATABASE_URL=pglite:\\./other.*PostgreSQL`,
    ),
  })
  const parent = temporaryFolder(t)
  mkdirSync(join(parent, 'x'))
  symlinkSync(folder, join(parent, 'x', 'link'))
  await t.rejects(
    connect({ url: `pglite:${join(parent, 'x', 'link')}`, poolSize: 1, log: quietLog }),
    inUse,
    'by another name it is the same folder',
  )

  first.process.kill('SIGKILL')
  t.equal(await first.ended, 'SIGKILL')
  const { db, close } = await connect({ url, poolSize: 1, log: quietLog })
  t.teardown(close)
  t.same((await sql`select count(*)::int as n from tickets`.execute(db)).rows, [{ n: 0 }])
  t.equal(socketsIn(folder).length, 1, "the dead one's lock has been removed")
})

t.test('of ten processes that start at once one opens the folder', async (t) => {
  const url = pgliteUrl(t)
  const starters = Array.from({ length: 10 }, () => startChild(t, HOLD, { args: [url] }))
  const ends = await Promise.all(
    starters.map((starter) =>
      Promise.race([starter.wrote('stdout', /open/).then(() => 'open'), starter.ended]).catch(
        () => starter.ended,
      ),
    ),
  )
  t.equal(ends.filter((end) => end === 'open').length, 1)
  for (const [nth, starter] of starters.entries()) {
    if (ends[nth] !== 'open') t.match(starter.stderr(), 'is in use by another ScenePass process')
  }
})

const canUnshare = spawnSync('unshare', ['--net', 'true']).status === 0

t.test(
  'containers, each with a network of its own, keep out of each other’s folder',
  { skip: canUnshare ? false : 'needs the right to make a network namespace (root, Linux)' },
  async (t) => {
    const url = pgliteUrl(t)
    const first = inOwnNetwork(t, url)
    t.match(await first.said, /open/)
    const second = inOwnNetwork(t, url)
    t.match(await second.said, /is in use by another ScenePass process/)
    first.process.kill('SIGKILL')
    await first.ended
    t.match(
      await inOwnNetwork(t, url).said,
      /open/,
      'killed, it leaves nothing that stands in the way',
    )
  },
)

/** The fixture in a network namespace, as in a container; `said` is its first word. */
function inOwnNetwork(t: Teardown, url: string) {
  const file = fileURLToPath(new URL(`../../${HOLD.replace(/\.ts$/, '.js')}`, import.meta.url))
  const child = spawn('unshare', ['--net', process.execPath, file, url], {
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const ended = once(child, 'close')
  t.teardown(async () => {
    child.kill('SIGKILL')
    await ended
  })
  const said = Promise.race([once(child.stdout, 'data'), once(child.stderr, 'data')]).then(String)
  return { process: child, said, ended }
}
