import DataLoader from 'dataloader'
import { CompiledQuery } from 'kysely'
import type { Db } from '../db/schema.ts'

/** What a poll must know of a ticket to answer it, as long as nothing has been decided. */
export type Glance = {
  secretHash: string
  /** The open state, or null: something has been decided, look closer. */
  waiting: 'pending' | 'scanned' | null
  /** Seconds left of the window, rounded up; 0 or less once it has passed. */
  expiresIn: number
}

/** Looks at one ticket; undefined where there is none. */
export type Glances = (scene: string) => Promise<Glance | undefined>

/** A statement that hangs holds up only half of the polls. */
const IN_FLIGHT = 2
const LARGEST_BATCH = 1_000

/**
 * One text for all rows: to take a row apart costs the driver more than the row's own content does
 * here, and a thousand polls a statement are the point.
 */
const statement = `
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
 * @param onBatch hears how many shared a statement
 */
export function createGlances(db: Db, onBatch?: (size: number) => void): Glances {
  let free = IN_FLIGHT
  const ready: (() => void)[] = []

  const loader = new DataLoader<string, Glance | undefined>(
    async (scenes) => {
      onBatch?.(scenes.length)
      try {
        return await glanceAt(db, scenes)
      } finally {
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
        setImmediate(dispatch)
      },
    },
  )
  return (scene) => loader.load(scene)
}

async function glanceAt(db: Db, scenes: readonly string[]): Promise<(Glance | undefined)[]> {
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
  return scenes.map((scene) => found.get(scene))
}
