import pino, { type Logger } from 'pino'

/**
 * The log: JSON lines on stdout, each with the process and the host (of a container, its id) that
 * wrote it. Of an error only what tells a developer where to look: a driver's
 * error carries more, and what PostgreSQL calls its detail quotes the row that it refused.
 *
 * @param stream where the lines go instead
 * @param hide takes out of each line what must not be written
 */
export function createLog(
  level: string,
  stream?: { write(line: string): void },
  hide: (line: string) => string = (line) => line,
): Logger {
  const options = {
    level,
    // As a word, which collectors of logs know; the numbers are one library's own.
    formatters: { level: (label: string) => ({ level: label }) },
    serializers: { err: describe },
    hooks: { streamWrite: hide },
  }
  return stream ? pino(options, stream) : pino(options)
}

function describe(error: unknown): object {
  if (!(error instanceof Error)) return { message: String(error) }
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    ...(typeof code === 'string' ? { code } : {}),
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined ? {} : { cause: describe(error.cause) }),
  }
}
