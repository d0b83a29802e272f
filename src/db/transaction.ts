import { despiteConflicts } from './conflict.ts'
import type { Db } from './pool.ts'

/**
 * Runs statements in one transaction, which is READ COMMITTED as all are: each statement sees what was
 * committed before it began, so what is read after a lock is true.
 *
 * @param work has no effect but on the database: it is done again where the database gave the
 *   transaction up for another one
 */
export const inTransaction = <T>(db: Db, work: (tx: Db) => Promise<T>): Promise<T> =>
  despiteConflicts(() => db.transaction().execute(work))
