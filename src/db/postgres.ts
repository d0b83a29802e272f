import type { PostgresPool, PostgresPoolClient } from 'kysely'
import pg from 'pg'
import type { ConnectLog } from './connect.ts'
import { isUnavailable } from './unavailable.ts'

/** A lost database is a 503 in under a second, so waiting for a connection must end before that. */
const CONNECT_TIMEOUT_MS = 900
const QUERY_TIMEOUT_MS = 5_000

/** Connections: open ones, those of them that do nothing, and who waits for one; how many there may be. */
export type PoolUse = { total: number; idle: number; waiting: number; max: number }

/**
 * A pool of node-postgres. Timeouts are the client's own: a server-side `statement_timeout` in the
 * connection's start-up would be refused by PgBouncer, and would not help when packets are lost.
 */
export function openPostgresPool(options: {
  url: string
  poolSize: number
  log: ConnectLog
  queryTimeoutMs?: number
}): PostgresPool & { use: () => PoolUse } {
  const pool = new pg.Pool({
    connectionString: options.url,
    max: options.poolSize,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    query_timeout: options.queryTimeoutMs ?? QUERY_TIMEOUT_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'scenepass',
  })
  pool.on('error', (error) =>
    options.log.warn({ reason: error.message }, 'a database connection was lost'),
  )

  const known = new WeakMap<pg.PoolClient, PostgresPoolClient>()
  return {
    async connect() {
      const client = await pool.connect()
      const seen = known.get(client)
      if (seen) return seen
      const wrapped = discardBroken(client)
      known.set(client, wrapped)
      return wrapped
    },
    end: () => pool.end(),
    use: () => ({
      total: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
      max: options.poolSize,
    }),
  }
}

/**
 * Kysely releases a client without saying how its last statement ended. One that timed out still
 * has that statement on the wire, so it must not go back into the pool.
 */
function discardBroken(client: pg.PoolClient): PostgresPoolClient {
  let broken = false
  client.on('error', () => (broken = true))
  const query = async (text: string, parameters: readonly unknown[]) => {
    try {
      return await client.query(text, parameters as unknown[])
    } catch (error) {
      broken ||= isUnavailable(error)
      throw error
    }
  }
  return { query, release: () => client.release(broken) } as unknown as PostgresPoolClient
}
