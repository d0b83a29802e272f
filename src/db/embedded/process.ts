import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import type { Words } from '../../language.ts'
import { OperatorError } from '../../operator-error.ts'
import { FolderInUse } from '../folder-lock.ts'
import type { FromDatabase, ToDatabase } from './messages.ts'

const MAIN = fileURLToPath(new URL('./main.js', import.meta.url))

/**
 * To optimize PGlite's code costs 90 MB and brings nothing measurable; a small nursery keeps what the
 * messages leave behind from piling up.
 */
const NODE_FLAGS = ['--liftoff-only', '--max-semi-space-size=1', '--no-warnings']

/** A crash is followed by recovery, which reads what is left of the write-ahead log. */
const START_LIMIT_MS = 300_000
const STOP_LIMIT_MS = 5_000
/** What it says last, for the log. */
const LAST_WORDS = 500

export type DatabaseProcess = {
  send(message: ToDatabase, done?: (error?: Error | null) => void): void
  /** Resolves when it has ended, with the reason. */
  ended: Promise<string>
  /** Ends it as it is; `ended` says why. */
  kill(why: string): void
  /** Lets it write a checkpoint and end. */
  stop(): Promise<void>
}

const hasEnded = (why: string): Words => ({
  en: `The embedded database has ended while it started: ${why}. Look for free memory and disk space, and start again.`,
  zh: `内嵌数据库在启动时退出：${why}。请检查剩余内存和磁盘空间，再重新启动。`,
})

/**
 * Starts the process of the embedded database.
 *
 * @param folder its real path; null keeps everything in memory
 * @param onMessage called with what it says once it is ready
 * @throws {FolderInUse | Error} with a sentence for the operator when it cannot start
 */
export async function startProcess(
  folder: string | null,
  onMessage: (message: FromDatabase) => void,
): Promise<DatabaseProcess> {
  const child = fork(MAIN, [folder ?? 'memory'], {
    execArgv: NODE_FLAGS,
    // The settings of the service, its secrets among them, are none of its business.
    env: {},
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  })
  let killedFor: string | null = null
  let lastWords = ''
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    lastWords = (lastWords + text).slice(-LAST_WORDS)
  })
  const ended = once(child, 'close').then(
    ([code, signal]) => killedFor ?? (lastWords.trim() || `it ended with ${signal ?? code}`),
  )

  const kill = (why: string): void => {
    killedFor ??= why
    child.kill('SIGKILL')
  }
  const send: DatabaseProcess['send'] = (message, done) => {
    // A message to a process that has just ended is lost with it; its end is told by `ended`.
    if (child.connected) child.send(message, (error) => done?.(error))
    else done?.(new Error('Connection terminated'))
  }

  const limit = setTimeout(
    () => kill(`it was not ready after ${START_LIMIT_MS / 1000} s`),
    START_LIMIT_MS,
  )
  try {
    await new Promise<void>((resolve, reject) => {
      child.on('message', (message: FromDatabase) => {
        if (message.say === 'ready') resolve()
        else if (message.say !== 'refused') onMessage(message)
        else reject(message.inUse ? new FolderInUse(folder ?? '') : new OperatorError(message.why))
      })
      void ended.then((why) => reject(new OperatorError(hasEnded(why))))
    })
  } finally {
    clearTimeout(limit)
  }

  return {
    send,
    ended,
    kill,
    async stop() {
      send({ say: 'stop' })
      const limit = setTimeout(() => kill('it did not stop'), STOP_LIMIT_MS)
      await ended
      clearTimeout(limit)
    },
  }
}
