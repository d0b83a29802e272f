import { hash } from 'node:crypto'
import type { PostgresPoolClient } from 'kysely'
import type { Socket } from 'node:net'
import pg from 'pg'
import type { Circuit } from './circuit.ts'
import { despiteConflicts } from './conflict.ts'
import { isUnreachable } from './unavailable.ts'

/** For a statement that got its connection at the very last moment. */
const LEAST_MS = 50
/**
 * Said with each transaction, because what a connection is told once does not hold behind a pooler in
 * transaction mode, and a parameter of the start-up would be refused by it.
 */
const BEGIN = 'begin isolation level read committed'

/** A client of the pool, which callers have one after the other. */
export type Loan = {
  /** When it was connected, on a clock that goes on evenly, in milliseconds. */
  openedAt: number
  /**
   * @param limitMs within which a statement must be answered; 0 = no limit
   * @param waitedMs what the caller has waited for it, which counts for its first statement
   */
  lend(limitMs: number, waitedMs: number): PostgresPoolClient
}

/**
 * Kysely releases a client without saying how its last statement ended, and sends a rollback after a
 * statement without an answer: such a client is given up. Made once a client and not once a statement,
 * which took a quarter of a statement's time.
 */
export function createLoan(client: pg.PoolClient, { circuit, modes, onError: tell }: Lender): Loan {
  const openedAt = performance.now()
  let brokenBy: unknown = null
  client.on('error', (error) => void (brokenBy ??= error))

  let limitMs = 0
  let waitedMs = 0
  /** Whether the caller has begun a transaction. */
  let inTransaction = false

  /** Without a config, of which `client.query` makes a copy, property by property. */
  const send = (text: string, values: unknown[], name?: string) =>
    new Promise<pg.QueryResult>((resolve, reject) => {
      const callback = (error: Error | null, result: pg.QueryResult) =>
        error ? reject(error) : resolve(result)
      client.query(Object.assign(new pg.Query(text, values), { name, callback }))
    })
  async function sendWrapped(text: string, values: unknown[], name?: string) {
    await client.query(BEGIN)
    try {
      const result = await send(text, values, name)
      await client.query('commit')
      return result
    } catch (error) {
      // Of a connection that is lost, the first error tells more.
      await client.query('rollback').catch(() => {})
      throw error
    }
  }
  async function ask(text: string, values: unknown[]) {
    const sendOne = modes.wrapped ? sendWrapped : send
    const name = modes.prepared?.(text)
    try {
      return await sendOne(text, values, name)
    } catch (error) {
      if (name === undefined || !isUnprepared(error)) throw error
      modes.prepared = null
      return sendOne(text, values)
    }
  }
  function run(text: string, values: unknown[]) {
    if (text === 'begin') {
      return client.query(BEGIN).then((begun) => {
        inTransaction = true
        return begun
      })
    }
    if (!inTransaction) return despiteConflicts(() => ask(text, values))
    // After either, and also where it fails, there is none any more.
    if (text === 'commit' || text === 'rollback') inTransaction = false
    return send(text, values)
  }
  async function query(text: string, values: unknown[]) {
    if (brokenBy) throw brokenBy
    const asked = performance.now()
    const limit = limitMs > 0 ? Math.max(limitMs - waitedMs, LEAST_MS) : null
    waitedMs = 0
    try {
      const result = await within(limit, run(text, values))
      circuit.answered()
      return result
    } catch (error) {
      tell(error)
      if (isUnreachable(error)) brokenBy ??= error
      if (error instanceof pg.DatabaseError) circuit.answered()
      // A connection that broke says nothing about the next one; silence does.
      else if (isTimeout(error)) circuit.failed(asked, error)
      throw error
    }
  }
  function release() {
    circuit.leave()
    if (brokenBy) discard(client)
    else client.release()
  }
  const lent = { query, release } as unknown as PostgresPoolClient

  return {
    openedAt,
    lend(limit, waited) {
      limitMs = limit
      waitedMs = waited
      inTransaction = false
      return lent
    },
  }
}

/** How the statements of a pool are sent. */
export type Modes = {
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

type Lender = {
  circuit: Circuit
  modes: Modes
  /** Called with each error of a statement. */
  onError: (error: unknown) => void
}

/** More texts than the service has, and few enough for a connection to remember. */
const MOST_NAMES = 200

/**
 * A statement that comes again is planned once a connection: to plan it anew each time took the
 * database longer than to run it. Its name tells its text: behind a pooler, connections may remember
 * what another version has prepared.
 */
export function createNames(): (text: string) => string | undefined {
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
 *
 * @param onLate called with an answer that has come all the same
 */
export function within<T>(
  limitMs: number | null,
  answer: Promise<T>,
  message = SILENCE,
  onLate: (answer: T) => void = () => {},
): Promise<T> {
  if (limitMs === null) return answer
  return new Promise((resolve, reject) => {
    let late = false
    const giveUp = () => {
      late = true
      reject(new Error(message))
    }
    const timer = setTimeout(() => setImmediate(giveUp), limitMs)
    answer.then(
      (value) => {
        clearTimeout(timer)
        if (late) onLate(value)
        else resolve(value)
      },
      (error: unknown) => {
        clearTimeout(timer)
        reject(error)
      },
    )
  })
}

/**
 * Without the polite goodbye: a server that does not answer would keep the socket, and every caller
 * in the pool's queue, for as long as TCP hopes for it.
 */
export function discard(client: pg.PoolClient): void {
  const { connection } = client as unknown as { connection: { stream: Socket } }
  connection.stream.destroy()
  client.release(true)
}
