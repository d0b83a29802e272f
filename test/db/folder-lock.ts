import { mkdirSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { sql } from 'kysely'
import t from 'tap'
import { connect } from '../../src/db/connect.ts'
import { lockFolder } from '../../src/db/folder-lock.ts'
import { startChild, temporaryFolder } from '../fixtures/network/child.ts'
import { pgliteUrl, quietLog } from '../fixtures/postgres/database.ts'

const inUse = { message: /^The folder .+ is in use by another ScenePass process\. Stop that one/ }

t.test(
  'of many at once one gets a folder, and the next one after it has given it back',
  async (t) => {
    const folder = temporaryFolder(t)
    const tries = await Promise.allSettled(Array.from({ length: 20 }, () => lockFolder(folder)))
    const won = tries.filter((result) => result.status === 'fulfilled')
    t.equal(won.length, 1)
    await t.rejects(lockFolder(folder), inUse)
    const elsewhere = await lockFolder(join(folder, 'another'))
    await elsewhere()

    await won[0]?.value()
    const unlock = await lockFolder(folder)
    await unlock()
  },
)

t.test('a second process is refused, and kill -9 of the first gives the folder back', async (t) => {
  const url = pgliteUrl(t)
  const folder = url.slice('pglite:'.length)
  const first = startChild(t, 'test/fixtures/postgres/hold-folder.ts', { args: [url] })
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
})
