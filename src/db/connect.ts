import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, PostgresDialect, sql } from 'kysely'
import { messageOf } from '../operator-error.ts'
import type { Engine } from './embedded/engine.ts'
import type { Connection, Db, DbLog, Measured, Pools } from './pool.ts'
import { DatabaseProblem } from './problem.ts'
import { isUnavailable } from './unavailable.ts'
import { placeOf, type Wanted } from './url.ts'
import { fixOf } from './why.ts'

/** PostgreSQL that is not up yet is waited for this long, in milliseconds. */
const START_WAIT_MS = 30_000
const OLDEST_VERSION = 130_000
/** Milliseconds to open a connection. */
const FAR_MS = 400
/** As many statements as polls have under way. */
const READ_REPLICA_POOL = 2

/**
 * Opens the database: a pool to PostgreSQL, or to PGlite in a process of its own. Both speak the same
 * protocol, so nothing behind this knows which it is.
 *
 * @param options.url `postgres://…` or `pglite:FOLDER` (`pglite:memory` keeps nothing)
 * @param options.engine the embedded database of that folder where it has been started already; without
 *   it, one is started, and ended with the connection
 * @param options.poolSize connections; PGlite has one
 * @param options.queryTimeoutMs after which a statement fails; 0 = never, for migrations. Under a
 *   second where it is left out, and a little more in the background
 * @param options.onStatement called with each statement that has ended
 * @param options.waitMs how long a PostgreSQL that is not up is waited for
 * @throws {Error} with a sentence for the operator when the database cannot be used
 */
export async function connect(options: {
  url: string
  engine?: Engine | null
  poolSize: number
  log: DbLog
  queryTimeoutMs?: number
  onStatement?: ((statement: Measured) => void) | undefined
  waitMs?: number
}): Promise<Connection> {
  const { url, log } = options
  const own = options.engine ? null : await startEmbedded(url, log)
  const engine = options.engine ?? own
  const place = engine ? url : placeOf(url)
  const pools = await openPools(options, engine)
  const db = kyselyOn(pools.pool, options.onStatement)
  // Connections may take longer to open there.
  const background = kyselyOn(pools.background, options.onStatement)
  const close = async () => {
    await db.destroy()
    engine?.setPatient(false)
    await own?.close()
  }
  try {
    const isolation = await untilUp(background, place, options.waitMs ?? START_WAIT_MS, log)
    if (isolation !== 'read committed') pools.wrapStatements?.()
    const openingMs = Math.round(pools.openingMs())
    if (openingMs > FAR_MS) {
      log.info(
        { openingMs },
        `the database at ${place} is far away: each connection takes this long to open`,
      )
    }
  } catch (error) {
    await close()
    throw error
  }
  return {
    db,
    background,
    busy: pools.busy,
    poolUse: pools.use,
    close,
  }
}

/**
 * Starts the embedded database that a URL names; null for one of PostgreSQL.
 *
 * @throws {Error} with a sentence for the operator when it cannot start
 */
export async function startEmbedded(url: string, log: DbLog): Promise<Engine | null> {
  const [, folder] = /^pglite:(.*)$/s.exec(url) ?? []
  if (folder === undefined) return null
  const { startEngine } = await import('./embedded/engine.ts')
  return startEngine(folder, log)
}

async function openPools(
  options: Parameters<typeof connect>[0],
  engine: Engine | null,
): Promise<Pools> {
  // Of several servers, the one that takes writes.
  const primary = { ...options, wanted: 'read-write' as Wanted }
  if (!engine) return openPostgres(primary)
  if (options.queryTimeoutMs === 0) engine.setPatient(true)
  return openPostgres({ ...primary, poolSize: 1, connectEmbedded: () => engine.connect() })
}

/**
 * Opens a read replica. It need not be up: polls must be able to do without it.
 *
 * @throws {Error} with a sentence for the operator when a file of the URL cannot be read
 */
export async function connectReadReplica(options: {
  url: string
  log: DbLog
}): Promise<{ db: Db; close(): Promise<void> }> {
  const { pool } = await openPostgres({
    ...options,
    wanted: 'any',
    poolSize: READ_REPLICA_POOL,
  })
  const db = kyselyOn(pool)
  return { db, close: () => db.destroy() }
}

const kyselyOn = (pool: Pools['pool'], onStatement?: (statement: Measured) => void): Db =>
  new Kysely<unknown>({
    dialect: new PostgresDialect({ pool }),
    ...(onStatement && {
      log: ({ queryDurationMillis, ...event }) =>
        onStatement({
          seconds: queryDurationMillis / 1000,
          error: 'error' in event ? event.error : null,
        }),
    }),
  })

async function openPostgres(
  options: Parameters<typeof import('./postgres.ts').openPostgresPool>[0],
): Promise<Pools> {
  const { openPostgresPool } = await import('./postgres.ts')
  return openPostgresPool(options)
}

/** @returns the isolation that transactions have unless they say otherwise */
async function untilUp(db: Db, place: string, waitMs: number, log: DbLog): Promise<string> {
  const deadline = performance.now() + waitMs
  for (let attempt = 1; ; attempt++) {
    try {
      const { rows } = await sql<{ version: number; isolation: string; standby: boolean }>`
        select
          current_setting('server_version_num')::int as version,
          current_setting('default_transaction_isolation') as isolation,
          pg_is_in_recovery() as standby
      `.execute(db)
      const { version = 0, isolation = '', standby = false } = rows[0] ?? {}
      if (version < OLDEST_VERSION) throw tooOld(place, version)
      if (standby) {
        log.warn(
          {},
          `the database at ${place} is a standby: until it is promoted, no login can be stored. DATABASE_URL should lead to the primary`,
        )
      }
      return isolation
    } catch (error) {
      if (error instanceof DatabaseProblem) throw error
      const reason = messageOf(error)
      const fix = fixOf(error)
      if (!isUnavailable(error)) {
        const says = {
          en: `Cannot use the database at ${place}: ${reason}.`,
          zh: `无法使用数据库 ${place}：${reason}。`,
        }
        throw new DatabaseProblem({ says, fix }, error)
      }
      if (performance.now() >= deadline) {
        const says = {
          en: `The database at ${place} did not come up within ${waitMs / 1000} s: ${reason}.`,
          zh: `数据库 ${place} 在 ${waitMs / 1000} 秒内没有就绪：${reason}。`,
        }
        throw new DatabaseProblem({ says, fix }, error)
      }
      if (attempt === 1) {
        log.warn({ reason }, `waiting up to ${waitMs / 1000} s for the database at ${place}`)
      }
      await sleep(Math.min(250 * attempt, 2000, Math.max(1, deadline - performance.now())))
    }
  }
}

const tooOld = (place: string, version: number): DatabaseProblem =>
  new DatabaseProblem({
    says: {
      en: `${place} is PostgreSQL ${versionOf(version)}; ScenePass needs 13 or newer.`,
      zh: `${place} 是 PostgreSQL ${versionOf(version)}；ScenePass 需要 13 或更高版本。`,
    },
    fix: {
      en: 'Upgrade the server or set DATABASE_URL to another one.',
      zh: '请升级数据库，或让 DATABASE_URL 指向另一个数据库。',
    },
  })

/** Before version 10, two numbers made one: 90624 is 9.6. */
const versionOf = (version: number): string => {
  const [major, minor] = [Math.trunc(version / 10_000), Math.trunc(version / 100) % 100]
  return major < 10 ? `${major}.${minor}` : String(major)
}
