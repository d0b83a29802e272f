import { isConflict } from './conflict.ts'

/** SQLSTATE classes and codes that mean "not now": connection, shutdown, start-up, too many clients. */
const sqlStates = /^(08...|57P0[1-5]|53[0-9A-Z]{3}|25006|57014|55P03)$/
const systemCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOENT',
])
/** node-postgres throws these as plain errors without a code. */
const messages =
  /timeout exceeded when trying to connect|Connection terminated|connection error and is not queryable|Query read timeout|Client was closed|Cannot use a pool after calling end|PGlite is clos|driver has already been destroyed/

/** PgBouncer's answer to a parameter that it does not let through; to wait would not change it. */
const REFUSED_PARAMETER = /unsupported startup parameter/

/** The part of PostgreSQL that refuses to read an unlogged table, which a standby does not have. */
const STANDBY_ROUTINE = 'get_relation_info'

/**
 * Whether an error of the database driver means that the database cannot be reached or cannot serve
 * right now, as opposed to a statement that is wrong. A transaction that was given up for others, again
 * and again, is such a case.
 */
export const isUnavailable = (error: unknown): boolean => isConflict(error) || isUnreachable(error)

/** The same without conflicts, after which the connection is as good as before. */
export function isUnreachable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof AggregateError) return error.errors.some(isUnreachable)
  const { code } = error as { code?: unknown }
  if (REFUSED_PARAMETER.test(error.message)) return false
  if (typeof code === 'string' && (sqlStates.test(code) || systemCodes.has(code))) return true
  if (isReadOnly(error)) return true
  return messages.test(error.message)
}

/** Whether the server takes no writes: a standby, or what was the primary before. */
export function isReadOnly(error: unknown): boolean {
  const { code, routine } = (error ?? {}) as { code?: unknown; routine?: unknown }
  return code === '25006' || (code === '0A000' && routine === STANDBY_ROUTINE)
}
