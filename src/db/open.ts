import { connect, connectReadReplica, startEmbedded } from './connect.ts'
import type { Engine } from './embedded/engine.ts'
import { migrate, pendingMigrations } from './migrate.ts'
import type { Connection, Db, DbLog, Measured, ReadReplica } from './pool.ts'
import { OperatorError } from '../operator-error.ts'

/** Settings `DATABASE_URL`, `DATABASE_READ_URL`, `DATABASE_POOL`, `MIGRATE`. */
export type DatabaseRules = {
  url: string
  /** A read replica, for polls. */
  readUrl: string | null
  /** Connections. */
  pool: number
  migrate: 'auto' | 'off'
}

/**
 * Opens the database of an instance, with its schema up to date.
 *
 * @param onStatement called with each statement that has ended, but not with migrations
 * @throws {Error} with a sentence for the operator when it cannot be used, or when its schema is
 *   behind and `migrate` is off
 */
export async function openDatabase(
  rules: DatabaseRules,
  log: DbLog,
  onStatement?: (statement: Measured) => void,
): Promise<Connection> {
  const { url, pool: poolSize } = rules
  const engine = await startEmbedded(url, log)
  try {
    // A migration may take longer than any statement of a request, so it has its own connections.
    if (rules.migrate === 'auto') await migrateAlone({ url, engine, log })
    const connection = await connect({ url, engine, poolSize, log, onStatement })
    const close = async () => {
      await connection.close()
      await engine?.close()
    }
    try {
      await refuseBehind(connection.db)
    } catch (error) {
      await connection.close()
      throw error
    }
    return { ...connection, close }
  } catch (error) {
    await engine?.close()
    throw error
  }
}

async function refuseBehind(db: Db): Promise<void> {
  const missing = await pendingMigrations(db)
  if (missing.length === 0) return
  const names = missing.join(', ')
  throw new OperatorError({
    en: `The database schema is behind (${names}) and MIGRATE is off. Run "npx scenepass migrate" (in a clone, "npm run migrate"), or set MIGRATE=auto.`,
    zh: `数据库结构不是最新的（缺 ${names}），而 MIGRATE 为 off。请执行 npx scenepass migrate（在源码目录中为 npm run migrate），或设 MIGRATE=auto。`,
  })
}

async function migrateAlone(options: {
  url: string
  engine: Engine | null
  log: DbLog
}): Promise<void> {
  const patient = await connect({ ...options, poolSize: 2, queryTimeoutMs: 0 })
  try {
    report(await migrate(patient.db), options.log)
  } finally {
    await patient.close()
  }
}

/** Opens the read replica, where there is one; its failures and its return are logged once each. */
export async function openReadReplica(
  { readUrl: url }: Pick<DatabaseRules, 'readUrl'>,
  log: DbLog,
): Promise<(ReadReplica & Pick<Connection, 'close'>) | null> {
  if (url === null) return null
  const onChange = (failure: unknown): void => {
    if (failure === null) log.info({}, 'the read replica answers again')
    else log.warn({ err: failure }, 'the read replica fails; polls go to the database itself')
  }
  return { ...(await connectReadReplica({ url, log })), onChange }
}

const report = (applied: string[], log: DbLog): void => {
  if (applied.length > 0) log.info({ applied }, 'database migrated')
}
