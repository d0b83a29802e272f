import { createHash } from 'node:crypto'
import { rmSync } from 'node:fs'
import { connect, createServer, type Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Another process has the folder: its message says what to do. */
export class FolderInUse extends Error {}

/**
 * Keeps a folder to one process of this machine by listening on a local socket named after it. The
 * kernel takes the name back however the process ends, so there is never a stale lock to clean up.
 *
 * @param folder its real path
 * @returns the function that gives the folder back
 * @throws {FolderInUse} when another process holds it
 */
export async function lockFolder(folder: string): Promise<() => Promise<void>> {
  const name = `scenepass-${createHash('sha256').update(folder).digest('hex').slice(0, 32)}`
  const socket =
    process.platform === 'linux'
      ? `\0${name}`
      : process.platform === 'win32'
        ? `\\\\.\\pipe\\${name}`
        : join(tmpdir(), `${name}.sock`)

  const server =
    (await listen(socket)) ??
    // Only a socket file outlives its process. Without an answer it can be taken over.
    (process.platform === 'linux' || process.platform === 'win32' || (await answers(socket))
      ? null
      : (rmSync(socket, { force: true }), await listen(socket)))

  if (!server) {
    throw new FolderInUse(
      `The folder ${folder} is in use by another ScenePass process. Stop that one, give this one another folder (DATABASE_URL=pglite:./other), or use PostgreSQL, which many processes can share.`,
    )
  }
  return () => new Promise((resolve) => server.close(() => resolve()))
}

const listen = (socket: string): Promise<Server | null> =>
  new Promise((resolve, reject) => {
    const server = createServer((peer) => peer.destroy())
    server.unref()
    server.once('error', (error: NodeJS.ErrnoException) =>
      error.code === 'EADDRINUSE' ? resolve(null) : reject(error),
    )
    server.listen(socket, () => resolve(server))
  })

const answers = (socket: string): Promise<boolean> =>
  new Promise((resolve) => {
    const peer = connect(socket)
    peer.once('connect', () => resolve((peer.destroy(), true)))
    peer.once('error', () => resolve(false))
  })
