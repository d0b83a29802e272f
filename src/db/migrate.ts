import { promises as fs } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { FileMigrationProvider, Migrator } from 'kysely'
import type { Db } from './pool.ts'
import { migrationProblem, schemaOf, type Schema } from './schema.ts'

const folder = fileURLToPath(new URL('../../migrations', import.meta.url))

const migratorOf = (db: Db, schema: Schema) =>
  new Migrator({
    db,
    provider: new FileMigrationProvider({ fs, path, migrationFolder: folder }),
    // Without it, a table of this name in any schema that we can see would be taken for ours.
    migrationTableSchema: schema.name,
  })

/**
 * Names of our migrations that this database has not seen. Migrations that only the database knows
 * are a newer version's: they are allowed, so that old and new instances can run side by side.
 *
 * @throws {DatabaseProblem} when there is no schema for us
 */
export const pendingMigrations = async (db: Db): Promise<string[]> =>
  pendingIn(db, await schemaOf(db))

async function pendingIn(db: Db, schema: Schema): Promise<string[]> {
  const migrations = await migratorOf(db, schema).getMigrations()
  return migrations.filter((m) => m.executedAt === undefined).map((m) => m.name)
}

/**
 * Brings the schema up to date, under Kysely's advisory lock: of any number of instances that start
 * together one migrates, the others wait and find nothing to do.
 *
 * @returns the names that were run here
 * @throws {DatabaseProblem} when there is no schema for us, or a migration fails
 */
export async function migrate(db: Db): Promise<string[]> {
  const schema = await schemaOf(db)
  if ((await pendingIn(db, schema)).length === 0) return []
  const { error, results } = await migratorOf(db, schema).migrateToLatest()
  if (error) {
    const failed = results?.find((result) => result.status === 'Error')
    throw migrationProblem(error, failed?.migrationName ?? null, schema)
  }
  return (results ?? []).map((result) => result.migrationName)
}
