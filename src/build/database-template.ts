import {
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { TEMPLATE } from '../db/embedded/template.ts'

/**
 * A step of `npm run build`: makes the database that a new folder begins with, empty as PostgreSQL's
 * initdb leaves it. It takes seconds, so it is made once for each version of PGlite, and kept among
 * the packages, where a build that begins from nothing finds it again.
 */
const packageJson = new URL('../package.json', import.meta.resolve('@electric-sql/pglite'))
const { version } = JSON.parse(readFileSync(packageJson, 'utf8')) as { version: string }
const kept = fileURLToPath(new URL(`../../.cache/scenepass/pglite-${version}.tar.gz`, packageJson))

if (!takeKept()) {
  writeFileSync(TEMPLATE, await make())
  keep()
}

function takeKept(): boolean {
  try {
    copyFileSync(kept, TEMPLATE)
    return true
  } catch {
    return false
  }
}

/** Best effort: packages may be read-only. Whole or not at all, also where two builds run at once. */
function keep(): void {
  try {
    mkdirSync(dirname(kept), { recursive: true })
    const part = `${kept}.${Math.random().toString(36).slice(2)}`
    copyFileSync(TEMPLATE, part)
    renameSync(part, kept)
  } catch {
    return
  }
}

async function make(): Promise<Buffer> {
  const { PGlite } = await import('@electric-sql/pglite')
  const folder = mkdtempSync(join(tmpdir(), 'scenepass-template-'))
  try {
    // Closed before it is packed: a database that was not needs a recovery at its first start.
    await (await PGlite.create(folder)).close()
    const closed = await PGlite.create({ dataDir: folder, noInitDb: true })
    const packed = await closed.dumpDataDir('gzip')
    return Buffer.from(await packed.arrayBuffer())
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
