import { hash } from 'node:crypto'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import pg from 'pg'
import { createCircuit, type Circuit } from './circuit.ts'
import { despiteConflicts } from './conflict.ts'
import type { DbLog, Pools } from './pool.ts'
import { isUnreachable } from './unavailable.ts'

/** A lost database is a 503 in under a second: waiting for a connection counts as well. */
const ANSWER_MS = 800
/** For a statement that got its connection at the very last moment. */
const LEAST_MS = 50
/** For work that no caller waits for. */
const BACKGROUND_MS = 5_000
/**
 * Said with each transaction, because what a connection is told once does not hold behind a pooler in
 * transaction mode, and a parameter of the start-up would be refused by it.
 */
const BEGIN = 'begin isolation level read committed'
/** Callers that wait for one connection; at a millisecond a statement, 50 ms. */
const MOST_WAITING = 50

/**
 * A pool of node-postgres. Timeouts are the client's own: a server-side `statement_timeout` in the
 * connection's start-up would be refused by PgBouncer, and would not help when packets are lost.
 *
 * @param options.queryTimeoutMs within which a statement must be answered, with the first one the
 *   wait for its connection included; 0 = whenever
 * @param options.connectEmbedded connects to the embedded database, instead of `url`
 */
export function openPostgresPool(options: {
  url: string
  poolSize: number
  log: DbLog
  queryTimeoutMs?: number
  connectEmbedded?: (() => Duplex) | undefined
}): Pools {
  const { connectEmbedded } = options
  const pool = new pg.Pool({
    ...(connectEmbedded
      ? // Named here, so that nothing of it is taken from libpq's variables.
        {
          stream: connectEmbedded,
          ssl: false,
          user: 'postgres',
          database: 'postgres',
          password: '',
        }
      : { connectionString: options.url }),
    max: options.poolSize,
    connectionTimeoutMillis: ANSWER_MS,
    idleTimeoutMillis: 30_000,
    keepAlive: true,
    application_name: 'scenepass',
  })
  pool.on('error', (error) =>
    options.log.warn({ reason: error.message }, 'a database connection was lost'),
  )
  const openedAt = new WeakMap<pg.PoolClient, number>()
  pool.on('connect', (client) => void openedAt.set(client, performance.now()))

  const circuit = createCircuit()
  const modes: Modes = { prepared: createNames(), wrapped: false }

  async function trusted(): Promise<pg.PoolClient> {
    for (;;) {
      const client = await pool.connect()
      if (!circuit.distrusts(openedAt.get(client) ?? 0)) return client
      discard(client)
    }
  }

  const answering = (limitMs: number): PostgresPool => ({
    async connect() {
      const since = circuit.enter()
      try {
        const client = await trusted()
        return lend(client, { circuit, modes, waitedMs: performance.now() - since, limitMs })
      } catch (error) {
        circuit.failed(since, error)
        circuit.leave()
        throw error
      }
    },
    end: () => pool.end(),
  })

  return {
    pool: answering(options.queryTimeoutMs ?? ANSWER_MS),
    background: answering(options.queryTimeoutMs ?? BACKGROUND_MS),
    wrapStatements: () => void (modes.wrapped = true),
    busy: () => pool.waitingCount > options.poolSize * MOST_WAITING,
    use: () => ({
      total: pool.totalCount,
      idle: pool.idleCount,
      waiting: pool.waitingCount,
      max: options.poolSize,
    }),
  }
}

/**
 * A client for as long as one caller has it. Kysely releases it without saying how its last
 * statement ended, and sends a rollback after a statement without an answer: such a client is given up.
 */
function lend(
  client: pg.PoolClient,
  { circuit, modes, limitMs, ...options }: Loan,
): PostgresPoolClient {
  let brokenBy: unknown = null
  let { waitedMs } = options
  const onError = (error: unknown) => void (brokenBy ??= error)
  client.on('error', onError)

  /** Whether the caller has begun a transaction. */
  let inTransaction = false

  const send = async (statement: pg.QueryConfig) => {
    if (!modes.wrapped || inTransaction) return client.query(statement)
    await client.query(BEGIN)
    try {
      const result = await client.query(statement)
      await client.query('commit')
      return result
    } catch (error) {
      // Of a connection that is lost, the first error tells more.
      await client.query('rollback').catch(() => {})
      throw error
    }
  }
  const ask = async (text: string, values: unknown[]) => {
    const name = modes.prepared?.(text)
    try {
      return await send({ ...(name && { name }), text, values })
    } catch (error) {
      if (name === undefined || !isUnprepared(error)) throw error
      modes.prepared = null
      return send({ text, values })
    }
  }
  const run = async (text: string, values: unknown[]) => {
    if (text === 'begin') {
      const begun = await client.query(BEGIN)
      inTransaction = true
      return begun
    }
    if (!inTransaction) return despiteConflicts(() => ask(text, values))
    // After either, and also where it fails, there is none any more.
    if (text === 'commit' || text === 'rollback') inTransaction = false
    return client.query({ text, values })
  }
  const query = async (text: string, values: unknown[]) => {
    if (brokenBy) throw brokenBy
    const asked = performance.now()
    const limit = limitMs > 0 ? Math.max(limitMs - waitedMs, LEAST_MS) : null
    waitedMs = 0
    try {
      const result = await within(limit, run(text, values))
      circuit.answered()
      return result
    } catch (error) {
      if (isUnreachable(error)) brokenBy ??= error
      if (error instanceof pg.DatabaseError) circuit.answered()
      // A connection that broke says nothing about the next one; silence does.
      else if (isTimeout(error)) circuit.failed(asked, error)
      throw error
    }
  }
  const release = () => {
    circuit.leave()
    client.off('error', onError)
    if (brokenBy) discard(client)
    else client.release()
  }
  return { query, release } as unknown as PostgresPoolClient
}

/** How the statements of a pool are sent. */
type Modes = {
  /**
   * The names of prepared statements. Null where a pooler in transaction mode hands out another
   * connection each time (PgBouncer before 1.21), and a prepared statement is missing, or there
   * already; or where a migration has changed what one returns. Then all go unprepared.
   */
  prepared: ((text: string) => string | undefined) | null
  /** Where the database's default isolation is another one, each statement says its own. */
  wrapped: boolean
}

const UNPREPARED = ['26000', '42P05']

const isUnprepared = (error: unknown): boolean =>
  error instanceof pg.DatabaseError &&
  (UNPREPARED.includes(error.code ?? '') || error.routine === 'RevalidateCachedQuery')

type Loan = { circuit: Circuit; modes: Modes; limitMs: number; waitedMs: number }

/** More texts than the service has, and few enough for a connection to remember. */
const MOST_NAMES = 200

/**
 * A statement that comes again is planned once a connection: to plan it anew each time took the
 * database longer than to run it. Its name tells its text: behind a pooler, connections may remember
 * what another version has prepared.
 */
function createNames(): (text: string) => string | undefined {
  const names = new Map<string, string | null>()
  return (text) => {
    const known = names.get(text)
    if (known) return known
    if (known === undefined) {
      if (names.size < MOST_NAMES) names.set(text, null)
      return undefined
    }
    const name = `s_${hash('sha256', text, 'hex').slice(0, 16)}`
    names.set(text, name)
    return name
  }
}

const SILENCE = 'Query read timeout'

const isTimeout = (error: unknown): boolean => error instanceof Error && error.message === SILENCE

/**
 * Not node-postgres' own `query_timeout`: after this process has stood still for a while, that one
 * would go off before the answer that has arrived is read.
 */
function within<T>(limitMs: number | null, answer: Promise<T>): Promise<T> {
  if (limitMs === null) return answer
  return new Promise((resolve, reject) => {
    const giveUp = () => reject(new Error(SILENCE))
    const timer = setTimeout(() => setImmediate(giveUp), limitMs)
    answer.then(resolve, reject).finally(() => clearTimeout(timer))
  })
}

/**
 * Without the polite goodbye: a server that does not answer would keep the socket, and every caller
 * in the pool's queue, for as long as TCP hopes for it.
 */
function discard(client: pg.PoolClient): void {
  const { connection } = client as unknown as { connection: { stream: Socket } }
  connection.stream.destroy()
  client.release(true)
}
