import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  type Stats,
} from 'node:fs'
import { join, resolve } from 'node:path'
import type { DbLog } from '../pool.ts'
import { UNPACKING } from './template.ts'

const OF_OTHERS = 0o077
const ONLY_OURS = 0o700

/**
 * Makes the folder of an embedded database, or takes it from every other account of the machine: its
 * files hold the signing keys, and Emscripten makes them readable and writable for all.
 *
 * @returns its real path
 * @throws {Error} with a sentence for the operator when it cannot be ours alone
 */
export function prepareFolder(name: string, log: DbLog): string {
  const folder = resolve(name)
  try {
    mkdirSync(folder, { recursive: true, mode: ONLY_OURS })
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException
    throw new Error(
      code === 'EEXIST' || code === 'ENOTDIR'
        ? `${folder} is a file, not a folder. Set DATABASE_URL=pglite:FOLDER to a folder.`
        : `The folder ${folder} cannot be made: ${message}. Set DATABASE_URL=pglite:FOLDER to a folder that this account may write to.`,
      { cause: error },
    )
  }
  const real = realpathSync(folder)
  // Before its mode changes: nothing that is not a database's is taken from others.
  refuseForeign(real)
  closeToOthers(real, log)
  return real
}

/** What a file system or a repository puts into a folder by itself. */
const isOfNoAccount = (name: string): boolean => name.startsWith('.') || name === 'lost+found'

function refuseForeign(folder: string): void {
  if (existsSync(join(folder, 'PG_VERSION')) || existsSync(join(folder, UNPACKING))) return
  const foreign = namesIn(folder).find((name) => !isOfNoAccount(name))
  if (foreign === undefined) return
  throw new Error(
    `The folder ${folder} is no database and holds other files, such as ${foreign}. Set DATABASE_URL=pglite:FOLDER to a folder that is empty or not there yet.`,
  )
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    throw new Error(
      `The folder ${folder} cannot be read: ${(error as Error).message}. Run "${ownCommand(folder)}", or set DATABASE_URL=pglite:FOLDER to another folder.`,
      { cause: error },
    )
  }
}

function closeToOthers(folder: string, log: DbLog): void {
  // Windows has no modes; what its accounts may do, the folder inherits.
  if (process.getuid === undefined || !isOpenToOthers(statSync(folder))) return
  try {
    chmodSync(folder, ONLY_OURS)
  } catch (error) {
    throw new Error(
      `Other accounts of this machine may enter the folder ${folder}, and it belongs to another account, so this one cannot close it. Run "${ownCommand(folder)}", or set DATABASE_URL=pglite:FOLDER to a folder inside of it.`,
      { cause: error },
    )
  }
  if (!isOpenToOthers(statSync(folder))) {
    log.warn({ folder }, 'the folder of the embedded database was open to other accounts: now 0700')
    return
  }
  log.warn(
    { folder },
    'the file system of the embedded database knows no modes: other accounts of this machine may read and change it',
  )
}

const isOpenToOthers = ({ mode }: Stats): boolean => (mode & OF_OTHERS) !== 0

/** By number: in a container the account may have no name. */
const ownCommand = (folder: string): string =>
  `chown -R ${process.getuid?.()}:${process.getgid?.()} ${folder} && chmod 700 ${folder}`
