import {
  accessSync,
  chmodSync,
  constants,
  existsSync,
  mkdirSync,
  readdirSync,
  realpathSync,
  statSync,
  type Stats,
} from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { Words } from '../../language.ts'
import { OperatorError } from '../../operator-error.ts'
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
    makeFolders(folder)
  } catch (error) {
    throw new OperatorError(cannotMake(folder, error), { cause: error })
  }
  const real = realpathSync(folder)
  refuseReadOnly(real)
  // Before its mode changes: nothing that is not a database's is taken from others.
  refuseForeign(real)
  closeToOthers(real, log)
  return real
}

/** Node's own way to make the folders above as well never ends where none can be made, as in /proc. */
function makeFolders(folder: string): void {
  if (statSync(folder, { throwIfNoEntry: false })?.isDirectory()) return
  const above = dirname(folder)
  if (above !== folder && !existsSync(above)) makeFolders(above)
  try {
    mkdirSync(folder, { mode: ONLY_OURS })
  } catch (error) {
    // Another process may have made it meanwhile.
    if (!statSync(folder, { throwIfNoEntry: false })?.isDirectory()) throw error
  }
}

function cannotMake(folder: string, error: unknown): Words {
  const { code, message } = error as NodeJS.ErrnoException
  if (code === 'EEXIST' || code === 'ENOTDIR') {
    return {
      en: `${folder} is a file, not a folder. Set DATABASE_URL=pglite:FOLDER to a folder.`,
      zh: `${folder} 不是文件夹，它或它的上级是文件。请把 DATABASE_URL=pglite:文件夹 指向一个文件夹。`,
    }
  }
  const readOnly = code === 'EROFS' || isReadOnly(folder)
  return {
    en: `The folder ${folder} cannot be made: ${readOnly ? 'its file system is read-only' : message}. Set DATABASE_URL=pglite:FOLDER to a folder that this account may write to.`,
    zh: `无法创建文件夹 ${folder}：${readOnly ? '其文件系统是只读的' : message}。请把 DATABASE_URL=pglite:文件夹 指向当前账户可写的文件夹。`,
  }
}

/** Node makes ENOENT of it where the folders above are to be made, too. */
function isReadOnly(folder: string): boolean {
  let above = folder
  while (!existsSync(above) && dirname(above) !== above) above = dirname(above)
  return codeOfWriting(above) === 'EROFS'
}

function refuseReadOnly(folder: string): void {
  const code = codeOfWriting(folder)
  if (code === null) return
  const isReadOnly = code === 'EROFS'
  throw new OperatorError({
    en: `The folder ${folder} cannot be written to: ${isReadOnly ? 'its file system is read-only' : `this account may not (${code})`}. ${isReadOnly ? 'Set' : `Run "${ownCommand(folder)}", or set`} DATABASE_URL=pglite:FOLDER to a folder that this account may write to.`,
    zh: `无法写入文件夹 ${folder}：${isReadOnly ? '其文件系统是只读的' : `当前账户没有权限（${code}）`}。请${isReadOnly ? '' : `执行 "${ownCommand(folder)}"，或`}把 DATABASE_URL=pglite:文件夹 指向当前账户可写的文件夹。`,
  })
}

/** What the system would say to a new file there; null where it has nothing against it. */
function codeOfWriting(folder: string): string | null {
  try {
    accessSync(folder, constants.W_OK | constants.X_OK)
    return null
  } catch (error) {
    return (error as NodeJS.ErrnoException).code ?? 'EACCES'
  }
}

/** What a file system or a repository puts into a folder by itself. */
const isOfNoAccount = (name: string): boolean => name.startsWith('.') || name === 'lost+found'

function refuseForeign(folder: string): void {
  if (existsSync(join(folder, 'PG_VERSION')) || existsSync(join(folder, UNPACKING))) return
  const foreign = namesIn(folder).find((name) => !isOfNoAccount(name))
  if (foreign === undefined) return
  throw new OperatorError({
    en: `The folder ${folder} is no database and holds other files, such as ${foreign}. Set DATABASE_URL=pglite:FOLDER to a folder that is empty or not there yet.`,
    zh: `文件夹 ${folder} 不是数据库，且含有其他文件（如 ${foreign}）。请把 DATABASE_URL=pglite:文件夹 指向一个空的或尚不存在的文件夹。`,
  })
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    const { message } = error as Error
    throw new OperatorError(
      {
        en: `The folder ${folder} cannot be read: ${message}. Run "${ownCommand(folder)}", or set DATABASE_URL=pglite:FOLDER to another folder.`,
        zh: `无法读取文件夹 ${folder}：${message}。请执行 "${ownCommand(folder)}"，或把 DATABASE_URL=pglite:文件夹 指向其他文件夹。`,
      },
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
    throw new OperatorError(
      {
        en: `Other accounts of this machine may enter the folder ${folder}, and it belongs to another account, so this one cannot close it. Run "${ownCommand(folder)}", or set DATABASE_URL=pglite:FOLDER to a folder inside of it.`,
        zh: `本机的其他账户可以进入文件夹 ${folder}，而它属于另一个账户，当前账户无法收回权限。请执行 "${ownCommand(folder)}"，或把 DATABASE_URL=pglite:文件夹 指向它里面的一个文件夹。`,
      },
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
