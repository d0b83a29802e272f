import { randomBytes } from 'node:crypto'
import { lstatSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import { openDatabase } from '../../../src/db/open.ts'
import type { Db } from '../../../src/db/pool.ts'
import { firstColumn, keepUp } from '../../../src/db/embedded/upkeep.ts'
import { temporaryFolder } from '../../fixtures/network/child.ts'
import { quietLog } from '../../fixtures/postgres/database.ts'

const MB = 1024 * 1024
const IMAGE_BYTES = 60_000
const IMAGES = 1_000

const sizeOf = (folder: string): number =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => lstatSync(join(folder, name)).size)
    .reduce((sum, size) => sum + size, 0)

async function usedBy(db: Db, table: string): Promise<number> {
  const { rows } = await sql<{ bytes: string }>`
    select pg_total_relation_size(${table}::regclass) as bytes
  `.execute(db)
  return Number(rows[0]?.bytes)
}

t.test('what the sweeps delete is given back to the disk, and the log stays short', async (t) => {
  const folder = join(temporaryFolder(t), 'data')
  const rules = { url: `pglite:${folder}`, readUrl: null, pool: 1, migrate: 'auto' } as const
  const { background: db, close } = await openDatabase(rules, quietLog)
  t.teardown(close)
  for (let i = 0; i < IMAGES; i++) {
    const scene = randomBytes(16).toString('base64url')
    await sql`
      insert into code_stock (scene, made_for, image)
      values (${scene}, 'x', ${randomBytes(IMAGE_BYTES)})
    `.execute(db)
  }
  t.ok((await usedBy(db, 'code_stock')) > IMAGES * IMAGE_BYTES)
  await sql`delete from code_stock`.execute(db)

  while ((await usedBy(db, 'code_stock')) > MB) await sleep(200)
  while (sizeOf(folder) > 100 * MB) await sleep(200)
  t.pass('in time')
})

t.test('it waits for the end of a transaction, and goes on after a failure', async (t) => {
  const asked: string[] = []
  let inTransaction = 3
  const errors: unknown[] = []
  const vacuumed: (string | null)[] = []
  const row = (text: string) => {
    const message = Buffer.alloc(11 + text.length)
    message.write('D')
    message.writeUInt32BE(message.length - 1, 1)
    message.writeInt32BE(text.length, 7)
    message.write(text, 11)
    return message
  }
  const failure = Buffer.from('E\0\0\0\x12SERROR\0Mfull\0\0')
  failure.writeUInt32BE(failure.length - 1, 1)

  const stop = new AbortController()
  const done = new Promise<void>((resolve) => {
    void keepUp({
      sessions: {
        between(text) {
          if (inTransaction-- > 0) return null
          asked.push(text.trim().split(/\s/)[0] as string)
          if (text.startsWith('vacuum public.b')) return failure
          return text.includes('pg_stat_all_tables')
            ? Buffer.concat([row('public.a'), row('public.b')])
            : Buffer.alloc(0)
        },
      },
      onVacuum: async (table) => void vacuumed.push(table),
      onError: (error) => {
        errors.push(error)
        resolve()
      },
      signal: stop.signal,
    })
  })
  await done
  stop.abort()
  t.match(errors, [{ message: 'full' }])
  t.same(vacuumed, ['public.a', null, 'public.b', null], 'the end of a failed one is told as well')
  t.same(asked, ['select', 'select', 'vacuum', 'vacuum'])
})

t.test('answers are read as PostgreSQL writes them', async (t) => {
  t.same(firstColumn(Buffer.alloc(0)), [])
  t.same(firstColumn(Buffer.from('Z\0\0\0\x05I')), [])
})
