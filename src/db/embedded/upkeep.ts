import { setTimeout as sleep } from 'node:timers/promises'
import type { Sessions } from './sessions.ts'

/** As soon as the first requests of a start are over, whatever is left from before. */
const FIRST_MS = 2_000
const EVERY_MS = 2_000
/** A transaction is over in milliseconds. */
const TRANSACTION_MS = 20
/** Rows to be cleared away, those of a table's long values included: a code image of 60 kB is 31. */
const FEWEST_DEAD = 500
/** Half of what `max_wal_size` allows, as PostgreSQL itself aims at. */
const WAL_BYTES = 24 * 1024 * 1024

/** PostgreSQL counts on behalf of its own processes, which ask for this when they are idle. */
const FLUSH_STATISTICS = 'select pg_stat_force_next_flush()'

const TABLES = `
  select format('%I.%I', own.schemaname, own.relname)
  from pg_stat_all_tables own
  join pg_class on pg_class.oid = own.relid and pg_class.relkind = 'r'
  left join pg_stat_all_tables long on long.relid = pg_class.reltoastrelid
`
const DIRTY_TABLES = `${TABLES}
  where own.n_dead_tup + coalesce(long.n_dead_tup, 0)
    > ${FEWEST_DEAD} + (own.n_live_tup + coalesce(long.n_live_tup, 0)) / 20
`
/** What a crash or an older version has left is not counted. */
const OWN_TABLES = `${TABLES} where own.schemaname not in ('pg_catalog', 'information_schema')`

const WAL_SINCE_CHECKPOINT = `
  select pg_current_wal_insert_lsn() - redo_lsn > ${WAL_BYTES} from pg_control_checkpoint()
`

/**
 * Does what the processes of a PostgreSQL server do beside those that answer: vacuums tables in which
 * rows have died, and writes checkpoints, so that neither tables nor the log grow for good. One
 * statement at a time, between those of the client.
 *
 * @param options.onVacuum called before a table is vacuumed, and with null afterwards; awaited
 */
export async function keepUp(options: {
  sessions: Pick<Sessions, 'between'>
  onVacuum: (table: string | null) => Promise<void>
  onError: (error: unknown) => void
  signal: AbortSignal
}): Promise<void> {
  const { onVacuum, onError, signal } = options
  const pause = (ms: number) => sleep(ms, undefined, { signal })

  async function ask(text: string): Promise<string[]> {
    for (;;) {
      const answer = options.sessions.between(text)
      if (answer !== null) return firstColumn(answer)
      await pause(TRANSACTION_MS)
    }
  }

  async function round(tables: string): Promise<void> {
    await ask(FLUSH_STATISTICS)
    for (const table of await ask(tables)) {
      await onVacuum(table)
      try {
        await ask(`vacuum ${table}`)
      } finally {
        await onVacuum(null)
      }
    }
    const [full] = await ask(WAL_SINCE_CHECKPOINT)
    if (full === 't') await ask('checkpoint')
  }

  try {
    await pause(FIRST_MS)
    for (let tables = OWN_TABLES; ; tables = DIRTY_TABLES) {
      await round(tables).catch((error: unknown) => {
        if (!signal.aborted) onError(error)
      })
      await pause(EVERY_MS)
    }
  } catch (error) {
    if (!signal.aborted) throw error
  }
}

/**
 * The first column of an answer's rows, in PostgreSQL's protocol.
 *
 * @throws {Error} what PostgreSQL says where the statement has failed
 */
export function firstColumn(answer: Buffer): string[] {
  const values: string[] = []
  for (let at = 0; at + 5 <= answer.length;) {
    const type = String.fromCharCode(answer[at] as number)
    const end = at + 1 + answer.readUInt32BE(at + 1)
    if (type === 'E') {
      const fields = answer.toString('utf8', at + 5, end).split('\0')
      throw new Error(fields.find((field) => field.startsWith('M'))?.slice(1))
    }
    // After the number of columns, a column's length and its text.
    if (type === 'D') {
      values.push(answer.toString('utf8', at + 11, at + 11 + answer.readInt32BE(at + 7)))
    }
    at = end
  }
  return values
}
