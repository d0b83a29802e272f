import type { PostgresPool } from 'kysely'
import type { Duplex } from 'node:stream'
import pg from 'pg'
import { createCircuit } from './circuit.ts'
import { createLoan, createNames, discard, within, type Loan, type Modes } from './loan.ts'
import type { DbLog, Pools } from './pool.ts'
import { createServers, type Servers } from './servers.ts'
import { isReadOnly, isUnreachable } from './unavailable.ts'
import type { Wanted } from './url.ts'

/** A lost database is a 503 in under a second: waiting for a connection counts as well. */
const ANSWER_MS = 800
/** The same where opening a connection alone takes longer than half of that: it is far away. */
const LONGEST_ANSWER_MS = 3_000
/** For work that no caller waits for. */
const BACKGROUND_MS = 5_000
/**
 * For opening a connection: with TLS and a password it takes six times the way
 * there and back. A request gives up earlier, and the connection is there for the next one.
 */
const OPEN_MS = 10_000
/** Callers that wait for one connection; at a millisecond a statement, 50 ms. */
const MOST_WAITING = 50

const NO_CONNECTION = 'timeout exceeded when trying to connect'

/**
 * A pool of node-postgres. Timeouts are the client's own: a server-side `statement_timeout` in the
 * connection's start-up would be refused by PgBouncer, and would not help when packets are lost.
 *
 * @param options.wanted which server to look for, where the URL names several and does not say
 * @param options.queryTimeoutMs within which a statement must be answered, with the first one the
 *   wait for its connection included; 0 = no limit
 * @param options.connectEmbedded connects to the embedded database, instead of `url`
 * @throws {Error} with a sentence for the operator when a file of the URL cannot be read
 */
export function openPostgresPool(options: {
  url: string
  wanted: Wanted
  poolSize: number
  log: DbLog
  queryTimeoutMs?: number
  connectEmbedded?: (() => Duplex) | undefined
}): Pools {
  const { connectEmbedded, queryTimeoutMs } = options
  const openMs = connectEmbedded ? ANSWER_MS : OPEN_MS
  const servers: Servers = connectEmbedded
    ? embedded(connectEmbedded)
    : createServers(options.url, { wanted: options.wanted, openMs })
  const pool = new pg.Pool({
    Client: servers.Client,
    max: options.poolSize,
    // For the queue. A client has a limit of its own, and says how far it came.
    connectionTimeoutMillis: connectEmbedded ? openMs : openMs + 1_000,
    idleTimeoutMillis: 30_000,
  })
  pool.on('error', (error) =>
    options.log.warn({ reason: error.message }, 'a database connection was lost'),
  )
  const circuit = createCircuit()
  const modes: Modes = { prepared: createNames(), wrapped: false }
  /** When a server that should take writes took none: connections from before lead to the wrong one. */
  let movedAt = -Infinity
  let waiting = 0

  const onError = (error: unknown): void => {
    if (servers.wantsPrimary && isReadOnly(error)) movedAt = performance.now()
  }
  const loans = new WeakMap<pg.PoolClient, Loan>()
  pool.on('connect', (client) => {
    loans.set(client, createLoan(client, { circuit, modes, onError }))
  })
  const loanOf = (client: pg.PoolClient): Loan => loans.get(client) as Loan

  /** The client, or null where it may be lost, or leads to the wrong server: it is given up then. */
  function ifTrusted(client: pg.PoolClient): pg.PoolClient | null {
    const { openedAt } = loanOf(client)
    if (openedAt > movedAt && !circuit.distrusts(openedAt)) return client
    discard(client)
    return null
  }
  async function trusted(): Promise<pg.PoolClient> {
    for (;;) {
      const client = ifTrusted(await openOne())
      if (client) return client
    }
  }
  /** Each failure leads to the next server; all are tried once. */
  async function openOne(): Promise<pg.PoolClient> {
    const errors: Error[] = []
    for (;;) {
      try {
        return await pool.connect()
      } catch (error) {
        errors.push(error as Error)
        const onward = isUnreachable(error) && (error as Error).message !== NO_CONNECTION
        if (!onward && errors.length === 1) throw error
        if (!onward || errors.length >= servers.attempts) {
          throw errors.length === 1 ? error : new AggregateError(errors, '')
        }
      }
    }
  }
  /** What comes too late goes into the pool. */
  async function take(limitMs: number): Promise<pg.PoolClient> {
    if (pool.idleCount > pool.waitingCount) {
      // It comes at once, so there is nothing to limit.
      const idle = ifTrusted(await pool.connect())
      if (idle) return idle
    }
    waiting++
    const opening = trusted()
    try {
      return await within(limitMs, opening, NO_CONNECTION, (late) => late.release())
    } finally {
      waiting--
    }
  }
  const answerMs = () => Math.max(ANSWER_MS, Math.min(2 * servers.openingMs(), LONGEST_ANSWER_MS))

  /** @param inBackground whether a connection may take its time to open */
  const answering = (inBackground: boolean, limitOf: () => number): PostgresPool => ({
    async connect() {
      const since = circuit.enter()
      try {
        const client = await take(inBackground ? openMs * servers.attempts : answerMs())
        const waitedMs = inBackground ? 0 : performance.now() - since
        return loanOf(client).lend(limitOf(), waitedMs)
      } catch (error) {
        circuit.failed(since, error)
        circuit.leave()
        throw error
      }
    },
    end: () => pool.end(),
  })

  return {
    pool: answering(queryTimeoutMs === 0, () => queryTimeoutMs ?? answerMs()),
    background: answering(true, () => queryTimeoutMs ?? BACKGROUND_MS),
    wrapStatements: () => void (modes.wrapped = true),
    openingMs: servers.openingMs,
    busy: () => waiting > options.poolSize * MOST_WAITING,
    use: () => ({
      total: pool.totalCount,
      idle: pool.idleCount,
      waiting,
      max: options.poolSize,
    }),
  }
}

const embedded = (connect: () => Duplex): Servers => ({
  attempts: 1,
  // Named here, so that nothing of it is taken from libpq's variables.
  Client: function () {
    return new pg.Client({
      stream: connect,
      ssl: false,
      user: 'postgres',
      database: 'postgres',
      password: '',
      keepAlive: true,
      application_name: 'scenepass',
    })
  } as unknown as Servers['Client'],
  openingMs: () => 0,
  wantsPrimary: false,
})
