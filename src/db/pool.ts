import type { Kysely, PostgresPool } from 'kysely'

/**
 * The database. Statements are SQL by hand, each in the function that owns it, so no table is typed
 * here: Kysely binds the parameters, takes connections, and runs migrations.
 */
export type Db = Kysely<unknown>

export type DbLog = {
  info(details: object, message: string): void
  warn(details: object, message: string): void
}

/** Connections: open ones, those of them that do nothing, callers that wait for one, the most there may be. */
export type PoolUse = { total: number; idle: number; waiting: number; max: number }

/** A statement as it is measured: its seconds without the wait for a connection, and how it failed. */
export type Measured = { seconds: number; error: unknown }

/** One database behind two pools, which differ in how long a statement may take. */
export type Pools = {
  pool: PostgresPool
  /** For work that no caller waits for. */
  background: PostgresPool
  /**
   * From now on each statement outside of a transaction gets a READ COMMITTED one of its own, for two
   * round trips: for a database whose default is another isolation. PGlite has one connection alone.
   */
  wrapStatements?: () => void
  /** How long it takes to open a connection, at best, in milliseconds; 0 before the first one. */
  openingMs: () => number
  /** Whether more callers wait for a connection than it can serve soon. */
  busy: () => boolean
  use: () => PoolUse
}

export type Connection = {
  db: Db
  /** The same database for work that no caller waits for: its statements may take longer. */
  background: Db
  /** Whether more callers wait for a connection than it can serve soon. */
  busy(): boolean
  /** How busy the pool is. */
  poolUse(): PoolUse
  close(): Promise<void>
}

/** A copy of the database that follows it by replication, a little behind. */
export type ReadReplica = {
  db: Db
  /** Called when it stops answering, with the reason, and with null when it answers again. */
  onChange(failure: unknown): void
}
