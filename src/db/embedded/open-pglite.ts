import fs, { readFileSync } from 'node:fs'
import { PGlite, type Extension } from '@electric-sql/pglite'
import { TEMPLATE, unpackTemplate } from './template.ts'

/**
 * PGlite's own settings take 128 MB for buffers and let the write-ahead log grow to a gigabyte; these
 * are for one small site. `fsync` counts with `waitForDisk` below: without it, it does nothing.
 */
const SETTINGS = [
  'shared_buffers=8MB',
  'wal_buffers=512kB',
  'min_wal_size=32MB',
  'max_wal_size=48MB',
  'fsync=on',
  'wal_sync_method=fsync',
]

/** How PostgreSQL's code leaves a statement that failed; any other exception is its end. */
const STATEMENT_FAILED = 100

/** What PGlite's types do not tell of its module. */
type Inside = {
  NODEFS: { stream_ops: { fsync?: (stream: { nfd: number }) => number } }
  _PostgresMainLoopOnce: () => void
}

/**
 * Opens PGlite in a folder, or in memory with null.
 *
 * @param onEnd called with PostgreSQL's last words when its code has given up, as on a full disk;
 *   PGlite itself would go on asking it, for good
 * @throws {Error} when the folder holds no database that it can open
 */
export async function openPglite(
  folder: string | null,
  onEnd: (lastWords: string) => void,
): Promise<PGlite> {
  const place = folder === null ? inMemory() : inFolder(folder)
  let lastWords = ''
  const hear = (line: string): boolean => {
    if (/\b(FATAL|PANIC):/.test(line)) lastWords = line.replace(/^.*?\b(FATAL|PANIC): +/, '')
    return false
  }
  const database = await PGlite.create({
    ...place,
    startParams: [
      ...PGlite.defaultStartParams.filter((param) => param !== '-F'),
      ...SETTINGS.flatMap((setting) => ['-c', setting]),
    ],
    onStdout: hear,
    onStderr: hear,
  }).catch((error: unknown) => {
    throw lastWords === '' ? error : new Error(lastWords, { cause: error })
  })

  const inside = database.Module as unknown as Inside
  const runOnce = inside._PostgresMainLoopOnce
  inside._PostgresMainLoopOnce = () => {
    try {
      runOnce()
    } catch (error) {
      if ((error as { status?: unknown }).status !== STATEMENT_FAILED) {
        onEnd(lastWords || String(error))
      }
      throw error
    }
  }
  return database
}

const inFolder = (folder: string) => {
  if (!fs.existsSync(`${folder}/PG_VERSION`)) unpackTemplate(folder)
  return { dataDir: folder, extensions: { waitForDisk } }
}

const inMemory = () =>
  fs.existsSync(TEMPLATE)
    ? { loadDataDir: new Blob([readFileSync(TEMPLATE)], { type: 'application/gzip' }) }
    : {}

/** Emscripten's files of Node have no `fsync`: PostgreSQL would take "written" for "on the disk". */
const waitForDisk: Extension = {
  name: 'wait-for-disk',
  setup: async (_database, options: { preRun?: ((module: Inside) => void)[] }) => ({
    emscriptenOpts: {
      ...options,
      preRun: [
        ...(options.preRun ?? []),
        ({ NODEFS }: Inside) => {
          NODEFS.stream_ops.fsync = ({ nfd }) => {
            fs.fsyncSync(nfd)
            return 0
          }
        },
      ],
    },
  }),
}
