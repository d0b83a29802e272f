import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { gunzipSync } from 'node:zlib'

/** What `npm run build` puts beside this file: a database as PGlite makes it, without any table. */
export const TEMPLATE = fileURLToPath(new URL('./pglite-template.tar.gz', import.meta.url))

/** Lies in a folder that is not whole yet. */
export const UNPACKING = '.scenepass-unpacking'

/** What says that a folder is a database: so it comes last. */
const LAST = 'PG_VERSION'

const TAR_BLOCK = 512
const TAR_FOLDER = '5'

/**
 * Unpacks the template into a folder: initdb takes seconds and 0.8 GB of memory, this a tenth. PGlite
 * could do it as well (`loadDataDir`), but keeps several copies of all its bytes meanwhile.
 *
 * @returns false where the build has made no template
 */
export function unpackTemplate(folder: string, template = TEMPLATE): boolean {
  const packed = readIfThere(template)
  if (packed === null) return false
  writeFileSync(join(folder, UNPACKING), '')
  let last: Buffer | null = null
  for (const { name, isFolder, bytes } of entriesOf(gunzipSync(packed))) {
    const path = join(folder, name)
    if (isFolder) {
      mkdirSync(path, { recursive: true, mode: 0o700 })
    } else if (name === LAST) {
      last = bytes
    } else {
      mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
      writeFileSync(path, bytes, { mode: 0o600 })
    }
  }
  if (last === null) throw new Error(`${template} is no template: run "npm run build" again`)
  writeFileSync(join(folder, LAST), last, { mode: 0o600 })
  rmSync(join(folder, UNPACKING))
  return true
}

function readIfThere(path: string): Buffer | null {
  try {
    return readFileSync(path)
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null
    throw error
  }
}

/** The parts of a tar file as PGlite writes it: short names, files and folders, nothing else. */
function* entriesOf(tar: Buffer): Generator<{ name: string; isFolder: boolean; bytes: Buffer }> {
  const text = (from: number, length: number) =>
    tar.toString('utf8', from, from + length).replace(/\0.*$/s, '')
  for (let at = 0; at + TAR_BLOCK <= tar.length && tar[at] !== 0;) {
    const size = parseInt(text(at + 124, 12), 8) || 0
    const start = at + TAR_BLOCK
    yield {
      name: text(at, 100).replace(/^\/+|\/+$/g, ''),
      isFolder: text(at + 156, 1) === TAR_FOLDER,
      bytes: tar.subarray(start, start + size),
    }
    at = start + Math.ceil(size / TAR_BLOCK) * TAR_BLOCK
  }
}
