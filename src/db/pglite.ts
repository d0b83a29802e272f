import { mkdirSync, realpathSync } from 'node:fs'
import { resolve } from 'node:path'
import { PGlite } from '@electric-sql/pglite'
import type { PostgresPool, PostgresPoolClient } from 'kysely'
import { lockFolder } from './folder-lock.ts'

/**
 * PGlite behind the shape of a node-postgres pool of one connection, so that Kysely's PostgreSQL
 * dialect serves both. Callers queue for the connection: a transaction keeps it until it ends.
 *
 * @param folder where the data is kept, made when missing; `memory` keeps nothing
 * @throws {Error} when another process has the folder open
 */
export async function openPglitePool(folder: string): Promise<PostgresPool> {
  const place = folder === 'memory' ? null : resolve(folder)
  if (place) mkdirSync(place, { recursive: true })
  const unlock = place ? await lockFolder(realpathSync(place)) : async () => {}
  const database = await PGlite.create(place ? { dataDir: place } : {}).catch(async (error) => {
    await unlock()
    throw error
  })

  let queue: Promise<void> = Promise.resolve()
  let ended: Promise<void> | undefined

  const query = async (text: string, parameters: readonly unknown[]) => {
    const result = await database.query<Record<string, unknown>>(text, parameters as unknown[])
    // PGlite does not name the command; Kysely only asks whether rows were affected.
    return { command: 'UPDATE', rowCount: result.affectedRows ?? 0, rows: result.rows }
  }

  const connect = async (): Promise<PostgresPoolClient> => {
    if (ended) throw new Error('PGlite is closed')
    const turn = queue
    const { promise, resolve: release } = withResolvers()
    queue = turn.then(() => promise)
    await turn
    return { query, release } as unknown as PostgresPoolClient
  }

  const end = (): Promise<void> =>
    (ended ??= queue.then(() => database.close()).finally(() => unlock()))

  return { connect, end }
}

function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = () => {}
  const promise = new Promise<void>((r) => (resolve = r))
  return { promise, resolve }
}
