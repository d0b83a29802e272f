import cluster from 'node:cluster'
import { readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import pino, { type Logger } from 'pino'
import { hider } from '../secrets.ts'
import { createLog } from '../telemetry/log.ts'

/**
 * What a program reads and writes. All that it writes goes through here, so that no secret of its
 * settings is in it, however the program ends.
 */
export type Program = {
  /** The process's environment over the file `.env` of the folder it was started in. */
  environment(): Record<string, string | undefined>
  out(text: string): void
  err(text: string): void
  /** A log on stdout, or on stderr for a program whose result is on stdout. */
  log(level: string, stream?: 'stdout' | 'stderr'): Logger
}

/** Of a process, once: it takes over the warnings and the errors that nothing catches. */
export function createProgram(): Program {
  let hide = hider(process.env)
  let log: Logger | null = null
  const out = (text: string) => void process.stdout.write(hide(text))
  const err = (text: string) => void process.stderr.write(hide(text))

  process.on('uncaughtException', (error: unknown) => {
    // Once the program runs, it has a handler of its own, which stops it gracefully.
    if (process.listenerCount('uncaughtException') > 1) return
    // Node.js would print all that an error carries, such as the URL that it could not read.
    err(`${error instanceof Error ? error.stack : String(error)}\n`)
    process.exit(1)
  })
  // None are left where Node.js was told to be quiet.
  if (process.listenerCount('warning') > 0) {
    process.removeAllListeners('warning')
    process.on('warning', ({ name, message }) => {
      if (log) log.warn({ warning: name }, message)
      else err(`${name}: ${message}\n`)
    })
  }

  return {
    out,
    err,
    environment() {
      const env = environment()
      hide = hider(env)
      return env
    },
    log(level, stream = 'stdout') {
      // Of a worker in cluster mode, pm2 keeps only what goes through this very function of Node.js.
      const destination = cluster.isWorker
        ? { write: (line: string) => void process[stream].write(line) }
        : pino.destination(stream === 'stdout' ? 1 : 2)
      return (log = createLog(level, destination, (line) => hide(line)))
    },
  }
}

function environment(): Record<string, string | undefined> {
  try {
    return { ...parseEnv(readFileSync('.env', 'utf8')), ...process.env }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return process.env
    throw error
  }
}

/** What was typed is not understood. */
export class UsageError extends Error {}

/** Runs a command; a failure is one sentence on stderr and exit status 1, or 2 for wrong usage. */
export async function runCommand(command: (program: Program) => Promise<void>): Promise<void> {
  const program = createProgram()
  try {
    await command(program)
  } catch (error) {
    program.err(`${error instanceof Error ? error.message : String(error)}\n`)
    process.exitCode = error instanceof UsageError ? 2 : 1
  }
}
