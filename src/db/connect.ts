import { setTimeout as sleep } from 'node:timers/promises'
import { Kysely, PostgresDialect, sql } from 'kysely'
import type { PostgresPools, PoolUse } from './postgres.ts'
import type { Database, Db } from './pool.ts'
import { isUnavailable } from './unavailable.ts'

export type ConnectLog = {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

export type Connection = {
  db: Db
  /** The same database for work that nobody waits for: its statements may take longer. */
  background: Db
  /** Whether more callers wait for a connection than it can serve soon. */
  busy(): boolean
  /** How busy the pool is; PGlite has none. */
  poolUse?: (() => PoolUse) | undefined
  close(): Promise<void>
}

/** PostgreSQL that is not up yet is waited for this long, in milliseconds. */
const START_WAIT_MS = 30_000
const OLDEST_VERSION = 130_000
const REPLICA_POOL = 2

/**
 * Opens the database: a pool to PostgreSQL, or PGlite in a folder. The rest of the code sees one
 * Kysely and does not know which.
 *
 * @param options.url `postgres://…` or `pglite:FOLDER` (`pglite:memory` keeps nothing)
 * @param options.poolSize connections, PostgreSQL only
 * @param options.queryTimeoutMs after which a statement fails; 0 = never, for migrations. Under a
 *   second where it is left out, and a little more in the background
 * @param options.waitMs how long a PostgreSQL that is not up is waited for
 * @throws {Error} with a sentence for the operator when the database cannot be used
 */
export async function connect(options: {
  url: string
  poolSize: number
  log: ConnectLog
  queryTimeoutMs?: number
  waitMs?: number
}): Promise<Connection> {
  const { pools, place } = options.url.startsWith('pglite:')
    ? {
        pools: await openPglite(options.url.slice('pglite:'.length)),
        place: options.url,
      }
    : {
        pools: await openPostgres(options),
        place: placeOf(options.url),
      }
  const db = kyselyOn(pools.pool)
  try {
    await untilUp(db, place, options.waitMs ?? START_WAIT_MS, options.log)
  } catch (error) {
    await db.destroy()
    throw error
  }
  return {
    db,
    background: kyselyOn(pools.background),
    busy: pools.busy,
    poolUse: pools.use,
    close: () => db.destroy(),
  }
}

/**
 * Opens a read replica, for as many statements at a time as polls have under way. It need not be up:
 * whoever asks it must be able to do without.
 */
export async function connectReplica(options: {
  url: string
  log: ConnectLog
}): Promise<{ db: Db; close(): Promise<void> }> {
  const { pool } = await openPostgres({ ...options, poolSize: REPLICA_POOL })
  const db = kyselyOn(pool)
  return { db, close: () => db.destroy() }
}

const kyselyOn = (pool: PostgresPools['pool']): Db =>
  new Kysely<Database>({ dialect: new PostgresDialect({ pool }) })

async function openPglite(folder: string): Promise<PostgresPools> {
  const { openPglitePool } = await import('./pglite.ts')
  const pool = await openPglitePool(folder)
  return { pool, background: pool, busy: () => false }
}

async function openPostgres(
  options: Parameters<typeof import('./postgres.ts').openPostgresPool>[0],
): Promise<PostgresPools> {
  const { openPostgresPool } = await import('./postgres.ts')
  return openPostgresPool(options)
}

async function untilUp(db: Db, place: string, waitMs: number, log: ConnectLog): Promise<void> {
  const deadline = performance.now() + waitMs
  for (let attempt = 1; ; attempt++) {
    try {
      const { rows } = await sql<{ version: number }>`
        select current_setting('server_version_num')::int as version
      `.execute(db)
      const version = rows[0]?.version ?? 0
      if (version < OLDEST_VERSION) {
        throw new Error(
          `${place} is PostgreSQL ${Math.trunc(version / 10_000)}; ScenePass needs 13 or newer. Upgrade the server or set DATABASE_URL to another one.`,
        )
      }
      return
    } catch (error) {
      const reason = error instanceof Error ? describe(error) : String(error)
      if (!isUnavailable(error)) {
        throw new Error(`Cannot use the database at ${place}: ${reason}. Check DATABASE_URL.`, {
          cause: error,
        })
      }
      if (performance.now() >= deadline) {
        throw new Error(
          `The database at ${place} did not come up within ${waitMs / 1000} s: ${reason}. Start it, or check DATABASE_URL.`,
          { cause: error },
        )
      }
      if (attempt === 1) {
        log.warn({ reason }, `waiting up to ${waitMs / 1000} s for the database at ${place}`)
      }
      await sleep(Math.min(250 * attempt, 2000, Math.max(1, deadline - performance.now())))
    }
  }
}

/** Refused on every address of a name, Node gives an AggregateError without a message. */
export function describe(error: Error): string {
  return error instanceof AggregateError && error.message === ''
    ? error.errors.map((e: unknown) => (e instanceof Error ? e.message : String(e))).join(', ')
    : error.message
}

/** Host, port and database; never the password. */
export function placeOf(url: string): string {
  const { hostname, port, pathname } = new URL(url)
  return `${hostname || 'the local socket'}${port && `:${port}`}${pathname}`
}
