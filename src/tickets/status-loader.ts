import DataLoader from 'dataloader'
import { CompiledQuery } from 'kysely'
import { createBatchSchedule } from '../db/batch-schedule.ts'
import type { Db, ReadReplica } from '../db/pool.ts'

/** What a poll must know of a ticket to answer it, as long as nothing has been decided. */
export type WaitingStatus = {
  secretHash: string
  /** The open state, or null: something has been decided, look closer. */
  waiting: 'pending' | 'scanned' | null
  /** Seconds left of the window, rounded up; 0 or less once it has passed. */
  expiresIn: number
}

export type StatusLoader = {
  /** Of one ticket; undefined where there is none. */
  load(scene: string): Promise<WaitingStatus | undefined>
  /** How many polls wait for the database; those that are still being gathered do not count. */
  waiting(): number
}

type LoadMany = (scenes: readonly string[]) => Promise<Map<string, WaitingStatus>>

/** A statement that hangs holds up only half of the polls. */
const IN_FLIGHT = 2
const LARGEST_BATCH = 1_000
/**
 * A batch that has gathered so many does not wait for the end of the turn: with more than 1,024
 * connections to read from, libuv may put that off for seconds.
 */
const EARLY_BATCH = 100

/**
 * One text for all rows: to take a row apart costs the driver more than the row's own content does
 * here, and a thousand polls a statement are the point.
 */
const FOUND = `
  string_agg(
    encode(secret_hash, 'hex') || left(status, 1)
      || ceil(extract(epoch from expires_at - now()))::int || ' ' || scene, ','
  ) as found
`
const AMONG = `
  from tickets
  where scene = any(string_to_array($1, ','))
`
const STATEMENT = `select ${FOUND} ${AMONG}`

/**
 * A standby that is further behind than so many seconds is not believed: a login that it does not
 * know of yet would be lost once its `PICKUP_TTL` is over. While the database has nothing to write,
 * it looks as if it were behind; there is little to ask of the database then.
 */
const MOST_BEHIND_S = 5
const STATEMENT_OF_STANDBY = `
  select
    ${FOUND},
    pg_is_in_recovery() and coalesce(
      now() - pg_last_xact_replay_timestamp() > interval '${MOST_BEHIND_S} seconds', true
    ) as behind
  ${AMONG}
`

/**
 * Polls of one moment share a statement.
 *
 * @param options.readReplica is asked first
 * @param options.onBatch called with how many polls share a statement
 * @param options.onReadReplica called for each statement that the read replica was asked
 */
export function createStatusLoader(
  db: Db,
  options: {
    readReplica?: ReadReplica | undefined
    onBatch?: ((size: number) => void) | undefined
    onReadReplica?: ((outcome: 'answered' | 'failed') => void) | undefined
  } = {},
): StatusLoader {
  const { readReplica, onBatch, onReadReplica } = options
  const loadMany = readReplica
    ? readReplicaFirst(loadFrom(db, STATEMENT), loadFrom(readReplica.db, STATEMENT_OF_STANDBY), {
        onChange: readReplica.onChange,
        onAnswer: onReadReplica,
      })
    : loadFrom(db, STATEMENT)
  const schedule = createBatchSchedule({ inFlight: IN_FLIGHT })
  let waiting = 0
  let gathered = 0

  const loader = new DataLoader<string, WaitingStatus | undefined>(
    async (scenes) => {
      onBatch?.(scenes.length)
      try {
        const found = await loadMany(scenes)
        return scenes.map((scene) => found.get(scene))
      } finally {
        waiting -= scenes.length
        schedule.done()
      }
    },
    {
      cache: false,
      maxBatchSize: LARGEST_BATCH,
      batchScheduleFn: (send) => {
        gathered = 0
        schedule.dispatch(send)
      },
    },
  )
  return {
    load(scene) {
      waiting++
      const found = loader.load(scene)
      if (schedule.gathering() && ++gathered >= EARLY_BATCH) schedule.hurry()
      return found
    },
    waiting: () => waiting - (schedule.gathering() ? gathered : 0),
  }
}

const loadFrom =
  (db: Db, statement: string): LoadMany =>
  async (scenes) => {
    // Scenes hold neither a comma nor a space: the routes let nothing else through.
    const { rows } = await db.executeQuery<{ found: string | null; behind?: boolean }>(
      CompiledQuery.raw(statement, [scenes.join(',')]),
    )
    const found = new Map<string, WaitingStatus>()
    // As if it knew none of them.
    if (rows[0]?.behind) return found
    for (const text of rows[0]?.found?.split(',') ?? []) {
      const end = text.indexOf(' ', 65)
      found.set(text.slice(end + 1), {
        secretHash: text.slice(0, 64),
        waiting: text[64] === 'p' ? 'pending' : text[64] === 's' ? 'scanned' : null,
        expiresIn: Number(text.slice(65, end)),
      })
    }
    return found
  }

/**
 * Believes a read replica in the one thing that cannot do harm when it is old: this ticket still
 * waits. All that ends a poll's waiting (decided, expired, unknown) is asked of the database itself;
 * so is everything while the read replica does not answer.
 */
function readReplicaFirst(
  database: LoadMany,
  readReplica: LoadMany,
  told: {
    onChange: ReadReplica['onChange']
    onAnswer: ((outcome: 'answered' | 'failed') => void) | undefined
  },
): LoadMany {
  let failing = false
  return async (scenes) => {
    let found: Map<string, WaitingStatus>
    try {
      found = await readReplica(scenes)
      told.onAnswer?.('answered')
    } catch (error) {
      told.onAnswer?.('failed')
      if (!failing) told.onChange(error)
      failing = true
      return database(scenes)
    }
    if (failing) told.onChange(null)
    failing = false

    const doubtful = scenes.filter((scene) => {
      const status = found.get(scene)
      return !status?.waiting || status.expiresIn <= 0
    })
    if (doubtful.length === 0) return found
    for (const scene of doubtful) found.delete(scene)
    for (const [scene, status] of await database(doubtful)) found.set(scene, status)
    return found
  }
}
