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

/**
 * Whether an error of the database driver means that the database cannot be reached or cannot serve
 * right now, as opposed to a statement that is wrong.
 */
export function isUnavailable(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error instanceof AggregateError) return error.errors.some(isUnavailable)
  const code = (error as { code?: unknown }).code
  if (typeof code === 'string' && (sqlStates.test(code) || systemCodes.has(code))) return true
  return messages.test(error.message)
}
