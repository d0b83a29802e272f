import type { Db } from '../db/pool.ts'
import type { Glance } from './status-loader.ts'

/** A copy of the database that follows it by replication, a little behind. */
export type Replica = {
  db: Db
  /** Hears when it stops answering, with the reason, and (null) when it answers again. */
  onChange(failure: unknown): void
}

type LookUp = (scenes: readonly string[]) => Promise<Map<string, Glance>>

/**
 * Takes a replica's word for the one thing that cannot do harm when it is old: this ticket still
 * waits. Whatever ends a poll's waiting (decided, expired, unknown) is asked of the database itself;
 * so is everything while the replica does not answer.
 */
export function throughReplica(
  database: LookUp,
  replica: LookUp,
  onChange: Replica['onChange'],
): LookUp {
  let failing = false
  return async (scenes) => {
    let found: Map<string, Glance>
    try {
      found = await replica(scenes)
    } catch (error) {
      if (!failing) onChange(error)
      failing = true
      return database(scenes)
    }
    if (failing) onChange(null)
    failing = false

    const doubtful = scenes.filter((scene) => {
      const glance = found.get(scene)
      return !glance?.waiting || glance.expiresIn <= 0
    })
    if (doubtful.length === 0) return found
    for (const scene of doubtful) found.delete(scene)
    for (const [scene, glance] of await database(doubtful)) found.set(scene, glance)
    return found
  }
}
