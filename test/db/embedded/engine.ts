import { spawnSync } from 'node:child_process'
import { statfsSync, writeFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../../src/db/connect.ts'
import { startEngine } from '../../../src/db/embedded/engine.ts'
import type { Db } from '../../../src/db/pool.ts'
import { isUnavailable } from '../../../src/db/unavailable.ts'
import { startChild, temporaryFolder } from '../../fixtures/network/child.ts'
import { pgliteUrl, type Teardown } from '../../fixtures/postgres/database.ts'
import { childrenOf, databaseOf, runs } from '../../fixtures/postgres/embedded.ts'

const onLinux = { skip: process.platform === 'linux' ? false : 'needs /proc' }
const FOREVER = 'select count(*) from generate_series(1, 1e12::bigint)'

/** An embedded database, its process and what was logged. */
async function open(t: Teardown, url: string) {
  const lines: string[] = []
  const add = (details: object, message: string) =>
    void lines.push(`${message} ${JSON.stringify(details)}`)
  const log = { info: add, warn: add }
  const before = childrenOf(process.pid)
  const engine = await startEngine(url.slice('pglite:'.length), log, {
    pingMs: 100,
    mostMissed: 15,
  })
  t.teardown(engine.close)
  const { db, close } = await connect({ url, engine, poolSize: 1, log })
  t.teardown(close)
  const pid = () => databaseOf(process.pid, before)
  return { db, pid, logged: () => lines.join('\n') }
}

async function until(happened: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await happened())) await sleep(20)
}

const answers = async (db: Db): Promise<boolean> => {
  try {
    await sql`select 1`.execute(db)
    return true
  } catch (error) {
    if (!isUnavailable(error)) throw error
    return false
  }
}

t.test('a database that is killed is started again, and the log says so', onLinux, async (t) => {
  const { db, pid, logged } = await open(t, pgliteUrl(t))
  await sql`insert into users default values`.execute(db)
  const first = pid()
  process.kill(first, 'SIGKILL')
  await until(async () => !(await answers(db)))
  await until(() => answers(db))
  t.not(pid(), first)
  t.match(
    logged(),
    'the embedded database has ended: it is started again {"reason":"it ended with SIGKILL"}',
  )
  t.match(logged(), 'the embedded database answers again')
  const { rows } = await sql`select count(*)::int as n from users`.execute(db)
  t.same(rows, [{ n: 1 }], 'what was committed is there')
})

t.test('a database that hangs', onLinux, async (t) => {
  const { db, logged } = await open(t, pgliteUrl(t))
  const began = performance.now()
  const stuck = await sql
    .raw(FOREVER)
    .execute(db)
    .catch((error: Error) => error)
  t.ok(isUnavailable(stuck), 'the caller is told "not now"')
  await t.rejects(sql`select 1`.execute(db), 'the next one too')
  t.ok(performance.now() - began < 10_000, 'both soon')
  await until(() => answers(db))
  t.match(logged(), /has ended: it is started again {"reason":"it did not answer for \d+ s"}/)
})

t.test('it goes with the service, however that ends', onLinux, async (t) => {
  for (const busy of [false, true]) {
    const holder = startChild(t, 'test/fixtures/postgres/hold-folder.ts', {
      args: [pgliteUrl(t), ...(busy ? [FOREVER] : [])],
    })
    await holder.wrote('stdout', /open/)
    const pid = databaseOf(holder.process.pid ?? 0)
    t.ok(runs(pid))
    holder.process.kill('SIGKILL')
    await holder.ended
    await until(() => !runs(pid))
    t.pass(busy ? 'in the middle of a statement' : 'idle')
  }
})

const FILE_SYSTEM_MB = 80

/** A small file system of its own; null where this account may not mount one. */
function smallDisk(t: Teardown): string | null {
  const folder = temporaryFolder(t)
  const options = ['-t', 'tmpfs', '-o', `size=${FILE_SYSTEM_MB}m`, 'tmpfs', folder]
  if (process.platform !== 'linux' || spawnSync('mount', options).status !== 0) return null
  t.teardown(() => spawnSync('umount', ['--lazy', folder]))
  return folder
}

t.test('a full disk ends in a sentence, and with space again it goes on', async (t) => {
  const disk = smallDisk(t)
  if (disk === null) {
    t.comment('skipped: this account may not mount a file system of its own')
    return
  }
  const { db, logged } = await open(t, `pglite:${join(disk, 'data')}`)
  await sql`create table kept (n int)`.execute(db)
  const { bavail, bsize } = statfsSync(disk)
  // Room for no further segment of the write-ahead log.
  const ballast = join(disk, 'ballast')
  writeFileSync(ballast, Buffer.alloc(bavail * bsize - 8 * 1024 * 1024))

  // Goes into that log and nowhere else.
  const filler = sql`pg_logical_emit_message(true, 'filler', ${'x'.repeat(200_000)})`
  let committed = 0
  for (let row = 0; !/No space left on device/.test(logged()); row++) {
    await sql`insert into kept select ${row}::int from ${filler}`.execute(db).then(
      () => committed++,
      (error: Error) => t.ok(isUnavailable(error), error.message),
    )
    if (committed < row) await sleep(50)
  }
  t.match(
    logged(),
    /started again {"reason":"could not write to file .*: No space left on device"}/,
  )

  rmSync(ballast)
  await until(() => answers(db))
  const { rows } = await sql<{ n: number }>`select count(*)::int as n from kept`.execute(db)
  t.equal(rows[0]?.n, committed, 'what was committed is there')
  await sql`insert into kept values (0)`.execute(db)
})
