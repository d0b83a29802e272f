import DataLoader from 'dataloader'
import { CompiledQuery } from 'kysely'
import type { Db } from '../db/pool.ts'
import { throughReplica, type Replica } from './read-replica.ts'

/** What a poll must know of a ticket to answer it, as long as nothing has been decided. */
export type Glance = {
  secretHash: string
  /** The open state, or null: something has been decided, look closer. */
  waiting: 'pending' | 'scanned' | null
  /** Seconds left of the window, rounded up; 0 or less once it has passed. */
  expiresIn: number
}

export type Glances = {
  /** Looks at one ticket; undefined where there is none. */
  (scene: string): Promise<Glance | undefined>
  /** How many wait for the database; those that are still being gathered do not count. */
  waiting(): number
}

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
 * here, and a thousand polls a statement are the point. Prepared, because to plan it anew for every
 * list of scenes took the database longer than to run it.
 */
const statement = `/* prepared: glance */
  select string_agg(
    encode(secret_hash, 'hex') || left(status, 1)
      || ceil(extract(epoch from expires_at - now()))::int || ' ' || scene, ','
  ) as found
  from tickets
  where scene = any(string_to_array($1, ','))
`

/**
 * Glances that share statements: those which arrive in one turn of the event loop, or while others
 * are being answered, go to the database together. When nothing is under way, nothing is waited for.
 *
 * @param options.replica a copy of the database to look at first
 * @param options.onBatch hears how many shared a statement
 */
export function createGlances(
  db: Db,
  options: {
    replica?: Replica | undefined
    onBatch?: ((size: number) => void) | undefined
  } = {},
): Glances {
  const { replica, onBatch } = options
  const lookUp = replica
    ? throughReplica(lookUpIn(db), lookUpIn(replica.db), replica.onChange)
    : lookUpIn(db)
  let free = IN_FLIGHT
  let waiting = 0
  let gathered = 0
  let send: (() => void) | null = null
  const ready: (() => void)[] = []

  const loader = new DataLoader<string, Glance | undefined>(
    async (scenes) => {
      onBatch?.(scenes.length)
      try {
        const found = await lookUp(scenes)
        return scenes.map((scene) => found.get(scene))
      } finally {
        waiting -= scenes.length
        const next = ready.shift()
        if (next) next()
        else free++
      }
    },
    {
      cache: false,
      maxBatchSize: LARGEST_BATCH,
      batchScheduleFn: (dispatch) => {
        if (free === 0) return void ready.push(dispatch)
        free--
        gathered = 0
        const turnEnd = setImmediate(() => send?.())
        send = () => {
          clearImmediate(turnEnd)
          send = null
          dispatch()
        }
      },
    },
  )
  const glance = (scene: string) => {
    waiting++
    const found = loader.load(scene)
    if (send && ++gathered >= EARLY_BATCH) send()
    return found
  }
  return Object.assign(glance, { waiting: () => waiting - (send ? gathered : 0) })
}

const lookUpIn = (db: Db) => async (scenes: readonly string[]) => {
  // Scenes hold neither a comma nor a space: the routes let nothing else through.
  const { rows } = await db.executeQuery<{ found: string | null }>(
    CompiledQuery.raw(statement, [scenes.join(',')]),
  )
  const found = new Map<string, Glance>()
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
