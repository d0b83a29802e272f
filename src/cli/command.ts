import cluster from 'node:cluster'
import pino, { type Logger } from 'pino'
import { readDotEnv } from '../config/env-file.ts'
import { messageOf, OperatorError, wordsOf } from '../operator-error.ts'
import { hider } from '../secrets.ts'
import { createLog } from '../telemetry/log.ts'
import { bothOf, onTerminal, readable } from './terminal.ts'

/**
 * What a program reads and writes. All that it writes goes through here, so that no secret of its
 * settings is in it, however the program ends.
 */
export type Program = {
  /**
   * The process's environment over the file `.env` of the folder it was started in.
   *
   * @throws {OperatorError} where that file cannot be read as settings
   */
  environment(): Record<string, string | undefined>
  out(text: string): void
  err(text: string): void
  /** A log on stdout, or on stderr for a program whose result is on stdout. */
  log(level: string, stream?: 'stdout' | 'stderr'): Logger
  /**
   * Ends a service that cannot start, with status 1, also where a process manager's channel would keep
   * it alive: a sentence in both languages on a terminal, a line of the log otherwise.
   */
  fail(error: unknown): never
}

/** Of a process, once: it takes over the warnings and the errors that nothing catches. */
export function createProgram(): Program {
  let hide = hider(process.env)
  let log: Logger | null = null
  const out = (text: string) => void process.stdout.write(hide(text))
  const err = (text: string) => void process.stderr.write(hide(text))

  function fail(error: unknown): never {
    const words = wordsOf(error)
    if (onTerminal()) err(bothOf(words))
    if (process.stdout.isTTY !== true) {
      // Before there is a log, or where it is to be silent, the reason is still told.
      const last = log?.isLevelEnabled('fatal')
        ? log
        : createLog('fatal', pino.destination(2), hide)
      last.fatal(words.en)
    }
    log?.debug({ err: error }, 'where the start failed')
    process.exit(1)
  }

  process.on('uncaughtException', (error: unknown) => {
    // Once the program runs, it has a handler of its own, which stops it gracefully.
    if (process.listenerCount('uncaughtException') > 1) return
    // Node.js would print all that an error carries, such as the URL that it could not read.
    const what = `${error instanceof Error ? `${error.name}: ` : ''}${messageOf(error)}`
    err(`ScenePass ended because of an error that nothing caught. Please report it: ${what}\n`)
    log?.debug({ err: error }, 'where it was')
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
      const env = { ...readDotEnv(), ...process.env }
      hide = hider(env)
      return env
    },
    log(level, stream = 'stdout') {
      const asText = process[stream].isTTY === true ? readable : (line: string) => line
      // Of a worker in cluster mode, pm2 keeps only what goes through this very function of Node.js.
      const destination = cluster.isWorker
        ? { write: (line: string) => void process[stream].write(line) }
        : pino.destination(stream === 'stdout' ? 1 : 2)
      return (log = createLog(level, destination, (line) => asText(hide(line))))
    },
    fail,
  }
}

/** What was typed is not understood. */
export class UsageError extends OperatorError {}

/** Runs a command; a failure is one sentence on stderr and exit status 1, or 2 for wrong usage. */
export async function runCommand(command: (program: Program) => Promise<void>): Promise<void> {
  const program = createProgram()
  try {
    await command(program)
  } catch (error) {
    program.err(onTerminal() ? bothOf(wordsOf(error)) : `${messageOf(error)}\n`)
    process.exit(error instanceof UsageError ? 2 : 1)
  }
}
