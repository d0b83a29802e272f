import { promises as fs } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileMigrationProvider, Migrator } from 'kysely'
import type { Db } from './pool.ts'

const folder = fileURLToPath(new URL('../../migrations', import.meta.url))

const migratorOf = (db: Db) =>
  new Migrator({
    db,
    provider: new FileMigrationProvider({ fs, path, migrationFolder: folder }),
  })

/**
 * Names of our migrations that this database has not seen. Migrations that only the database knows
 * are a newer version's: they are allowed, so that old and new instances can run side by side.
 */
export async function pendingMigrations(db: Db): Promise<string[]> {
  const migrations = await migratorOf(db).getMigrations()
  return migrations.filter((m) => m.executedAt === undefined).map((m) => m.name)
}

/**
 * Brings the schema up to date, under Kysely's advisory lock: of any number of instances that start
 * together one migrates, the others wait and find nothing to do.
 *
 * @returns the names that were run here
 */
export async function migrate(db: Db): Promise<string[]> {
  if ((await pendingMigrations(db)).length === 0) return []
  const { error, results } = await migratorOf(db).migrateToLatest()
  if (error) {
    const failed = results?.find((result) => result.status === 'Error')
    const reason = error instanceof Error ? error.message : String(error)
    throw new Error(
      `The migration ${failed?.migrationName ?? ''} failed and nothing was changed: ${reason}.`,
      { cause: error },
    )
  }
  return (results ?? []).map((result) => result.migrationName)
}
