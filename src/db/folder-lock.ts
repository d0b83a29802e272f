import { createHash, randomBytes } from 'node:crypto'
import { mkdirSync, openSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { OperatorError } from '../operator-error.ts'

/** Another process has the folder: its message says what to do. */
export class FolderInUse extends OperatorError {
  constructor(folder: string) {
    super({
      en: `The folder ${folder} is in use by another ScenePass process. Stop that one, give this one another folder (DATABASE_URL=pglite:./other), or use PostgreSQL, which many processes can share.`,
      zh: `文件夹 ${folder} 正被另一个 ScenePass 进程使用。请先停止它，或让本进程使用其他文件夹（DATABASE_URL=pglite:./other），或改用可供多个进程共享的 PostgreSQL。`,
    })
  }
}

const LOCK = '.scenepass-lock-'
/** Bound, but perhaps not listening yet: in no one's way until it is renamed. */
const ATTEMPT = '.scenepass-try-'

/** Two that have met try again at different times. */
const SHORTEST_PAUSE_MS = 5
const PAUSE_SPREAD_MS = 30

/** What binding a socket says on a file system that has none, such as a shared folder of Windows. */
const NO_SOCKETS = new Set(['ENOTSUP', 'EOPNOTSUPP', 'EPERM', 'EINVAL', 'ENOSYS'])
/** What connecting to a socket says when no process listens on it, and none ever will. */
const DEAD = new Set(['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'])

/** A path of a socket has at most 108 bytes on Linux, 104 on macOS, and ends in a zero. */
const LONGEST_PATH = 103

/**
 * Keeps a folder to one process, by a socket in it on which that process listens. All containers of
 * one kernel see the same socket, whichever network they have; it stops answering however its process
 * ends, and a file that is left says nothing.
 *
 * Of any number that try at once, one gets the folder: each shows its socket first and then looks for
 * others, so the later of two sees the earlier one.
 *
 * @param folder its real path
 * @returns the function that gives the folder back
 * @throws {FolderInUse} when another process holds it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  if (process.platform === 'win32') return lockName(folder)
  try {
    return await lockIn(folder, folder)
  } catch (error) {
    if (!NO_SOCKETS.has((error as NodeJS.ErrnoException).code ?? '')) throw error
    // Then at least the processes that share the temporary folder keep out of each other's way.
    const place = join(tmpdir(), nameOf(folder))
    mkdirSync(place, { recursive: true, mode: 0o700 })
    return lockIn(place, folder)
  }
}

async function lockIn(place: string, folder: string): Promise<() => Promise<void>> {
  const pathOf = pathsIn(place)
  const attempt = ATTEMPT + randomBytes(6).toString('hex')
  const server = await listen(pathOf(attempt)).catch((error: NodeJS.ErrnoException) => {
    if (NO_SOCKETS.has(error.code ?? '')) throw error
    throw new OperatorError(
      {
        en: `The folder ${folder} cannot be written to: ${error.message}. Give this account the right to, or set DATABASE_URL=pglite:FOLDER to another folder.`,
        zh: `无法写入文件夹 ${folder}：${error.message}。请让当前账户可以写入，或把 DATABASE_URL=pglite:文件夹 指向其他文件夹。`,
      },
      { cause: error },
    )
  })
  let shown = attempt
  const withdraw = () => rmSync(join(place, shown), { force: true })
  const give = () =>
    new Promise<void>((resolve) => {
      withdraw()
      server.close(() => resolve())
    })

  try {
    for (;;) {
      if (await anyHolds(place, shown, pathOf)) throw new FolderInUse(folder)
      const lock = LOCK + randomBytes(6).toString('hex')
      renameSync(join(place, shown), join(place, lock))
      shown = lock
      if (!(await anyHolds(place, shown, pathOf))) return give
      renameSync(join(place, shown), join(place, attempt))
      shown = attempt
      await sleep(SHORTEST_PAUSE_MS + Math.random() * PAUSE_SPREAD_MS)
    }
  } catch (error) {
    await give()
    throw error
  }
}

/** Whether another process shows a lock there; locks of processes that are gone are removed. */
async function anyHolds(
  place: string,
  own: string,
  pathOf: (name: string) => string,
): Promise<boolean> {
  for (const name of readdirSync(place)) {
    if (!name.startsWith(LOCK) || name === own) continue
    if (await answers(pathOf(name))) return true
    rmSync(join(place, name), { force: true })
  }
  return false
}

/** Names files of a folder within the few bytes that the path of a socket may have. */
function pathsIn(place: string): (name: string) => string {
  const longest = Buffer.byteLength(join(place, LOCK + '0'.repeat(12)))
  if (longest <= LONGEST_PATH) return (name) => join(place, name)
  if (process.platform !== 'linux') {
    throw new OperatorError({
      en: `The path of the folder ${place} is too long by ${longest - LONGEST_PATH} bytes: set DATABASE_URL=pglite:FOLDER to one with a shorter path.`,
      zh: `文件夹 ${place} 的路径超长 ${longest - LONGEST_PATH} 字节：请把 DATABASE_URL=pglite:文件夹 指向路径更短的文件夹。`,
    })
  }
  // Left open for as long as the lock is, which is as long as the process.
  const folder = openSync(place, 'r')
  return (name) => `/proc/self/fd/${folder}/${name}`
}

async function lockName(folder: string): Promise<() => Promise<void>> {
  try {
    const server = await listen(`\\\\.\\pipe\\${nameOf(folder)}`)
    return () => new Promise((resolve) => server.close(() => resolve()))
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EADDRINUSE') throw error
    throw new FolderInUse(folder)
  }
}

const nameOf = (folder: string): string =>
  `scenepass-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`

const listen = (path: string): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer((peer) => peer.destroy())
    server.unref()
    server.once('error', reject)
    server.listen(path, () => resolve(server))
  })

const answers = (path: string): Promise<boolean> =>
  new Promise((resolve) => {
    const peer = connect(path)
    peer.once('connect', () => resolve((peer.destroy(), true)))
    peer.once('error', (error: NodeJS.ErrnoException) => resolve(!DEAD.has(error.code ?? '')))
  })
