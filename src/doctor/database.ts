import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { connect } from '../db/connect.ts'
import { FolderInUse } from '../db/folder-lock.ts'
import { pendingMigrations } from '../db/migrate.ts'
import type { Connection, Db, DbLog } from '../db/pool.ts'
import { DatabaseProblem } from '../db/problem.ts'
import { placeOf } from '../db/url.ts'
import { fixOf } from '../db/why.ts'
import { messageOf } from '../operator-error.ts'
import { failed, ok, unchecked, type Finding } from './finding.ts'

/** The doctor does not wait for a PostgreSQL to start. */
const WAIT_MS = 2_000

class NotMadeYet extends Error {}

/**
 * Opens what DATABASE_URL names, and makes nothing: an embedded database that is not there yet stays
 * so.
 */
export async function openDatabase(url: string, log: DbLog): Promise<Connection> {
  const folder = folderOf(url)
  if (folder !== null && !existsSync(join(folder, 'PG_VERSION'))) throw new NotMadeYet()
  return connect({ url, poolSize: 2, log, waitMs: WAIT_MS })
}

const folderOf = (url: string): string | null =>
  url.startsWith('pglite:') ? url.slice('pglite:'.length) : null

/** Is it there, and may we use it? */
export async function checkDatabase(url: string, open: () => Promise<unknown>): Promise<Finding> {
  const place = folderOf(url) ?? placeOf(url)
  try {
    await open()
    return ok({ en: `The database answers: ${place}.`, zh: `数据库可用：${place}。` })
  } catch (error) {
    if (error instanceof NotMadeYet) {
      return unchecked({
        en: `The embedded database in ${place} is not there yet: the first start of the service makes it.`,
        zh: `${place} 中还没有内嵌数据库：服务首次启动时会自动创建。`,
      })
    }
    if (error instanceof FolderInUse) {
      return unchecked({
        en: `The embedded database in ${place} is in use by one process alone, which should be the service: the check of the service decides.`,
        zh: `${place} 中的内嵌数据库正被一个进程独占，应当就是服务本身：以服务的检查结果为准。`,
      })
    }
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    const reason = messageOf(cause)
    // Without a cause it is not the database that says so, but we of it.
    if (error instanceof DatabaseProblem && error.cause === undefined) {
      return failed(error.says, error.fix)
    }
    return failed(
      {
        en: `The database at ${place} cannot be used: ${reason}.`,
        zh: `无法使用数据库 ${place}：${reason}。`,
      },
      fixOf(cause),
    )
  }
}

/** Has it every table that this version needs? */
export async function checkMigrations(db: Db): Promise<Finding> {
  const missing = await pendingMigrations(db).catch((error: unknown) => {
    if (error instanceof DatabaseProblem) return error
    throw error
  })
  if (missing instanceof DatabaseProblem) return failed(missing.says, missing.fix)
  if (missing.length === 0) {
    return ok({ en: 'Every migration has been applied.', zh: '所有数据库迁移均已执行。' })
  }
  return failed(
    {
      en: `The database schema is behind. Not applied yet: ${missing.join(', ')}.`,
      zh: `数据库表结构不是最新的，尚未执行：${missing.join('、')}。`,
    },
    {
      en: 'Run "npx scenepass migrate". With MIGRATE=auto the service does it when it starts.',
      zh: '请运行 "npx scenepass migrate"。MIGRATE=auto 时，服务启动时会自动执行。',
    },
  )
}
