import { writeSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { Worker } from 'node:worker_threads'
import type { Words } from '../../language.ts'
import { messageOf, OperatorError } from '../../operator-error.ts'
import { FolderInUse, lockFolder } from '../folder-lock.ts'
import type { FromDatabase, ToDatabase } from './messages.ts'
import { openPglite } from './open-pglite.ts'
import { createSessions } from './sessions.ts'
import { keepUp } from './upkeep.ts'

/**
 * The process of the embedded database: PGlite in a folder, for the service that started it, over the
 * channel between the two. It ends when the service does, however that ends.
 */
const [place = 'memory'] = process.argv.slice(2)
const folder = place === 'memory' ? null : place

// Service managers and terminals send their signals to all processes of the service: it decides.
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => {})
process.on('disconnect', () => process.exit())
endWithParent()

const say = (message: FromDatabase): Promise<void> =>
  new Promise((resolve) => process.send?.(message, () => resolve()))

const LOCK_WAIT_MS = 1_500
const LOCK_PAUSE_MS = 100

/** PostgreSQL's code has given up: the service starts another process, and says why. */
function giveUp(lastWords: string): never {
  writeSync(2, lastWords)
  process.exit(1)
}

/** The database of a service that was killed ends by itself, within half a second. */
async function lock(): Promise<() => Promise<void>> {
  if (folder === null) return async () => {}
  for (const until = performance.now() + LOCK_WAIT_MS; ; await sleep(LOCK_PAUSE_MS)) {
    try {
      return await lockFolder(folder)
    } catch (error) {
      if (!(error instanceof FolderInUse) || performance.now() > until) throw error
    }
  }
}

try {
  const unlock = await lock()
  const database = await openPglite(folder, giveUp)
  const sessions = createSessions(database, (session, bytes) => {
    void say({ say: 'data', session, bytes })
  })
  const upkeep = new AbortController()
  const stop = async () => {
    upkeep.abort()
    await database.close()
    await unlock()
  }
  process.on('message', (message: ToDatabase) => {
    if (message.say === 'data') sessions.hear(message.session, message.bytes)
    else if (message.say === 'hang up') sessions.end(message.session)
    else if (message.say === 'ping') void say({ say: 'pong' })
    else void stop().finally(() => process.exit())
  })
  await say({ say: 'ready' })
  void keepUp({
    sessions,
    onVacuum: (table) => say({ say: 'vacuum', table }),
    onError: (error) => void say({ say: 'trouble', why: String(error) }),
    signal: upkeep.signal,
  })
} catch (error) {
  const why = error instanceof OperatorError ? error.words : cannotOpen(messageOf(error))
  await say({ say: 'refused', why, inUse: error instanceof FolderInUse })
  process.exit(1)
}

function cannotOpen(reason: string): Words {
  return {
    en: `The embedded database in ${place} cannot be opened: ${reason}. Restore the folder from a backup, or set DATABASE_URL=pglite:FOLDER to another one.`,
    zh: `无法打开 ${place} 中的内嵌数据库：${reason}。请从备份恢复该文件夹，或把 DATABASE_URL=pglite:文件夹 指向其他文件夹。`,
  }
}

/**
 * While a statement runs, this thread hears nothing, the end of its parent neither. A process whose
 * parent has ended is given another one.
 */
function endWithParent(): void {
  const watch = `
    const parent = process.ppid
    setInterval(() => {
      if (process.ppid !== parent) process.kill(process.pid, 'SIGKILL')
    }, 500)
  `
  const memory = { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 }
  new Worker(watch, { eval: true, env: {}, resourceLimits: memory }).unref()
}
