import { build } from 'esbuild'
import fs from 'node:fs'
import path from 'node:path'

/**
 * A step of `npm run build`: writes each library that the service loads into a few files of
 * `dist/node_modules`, where what is in `dist` finds it first. From a thousand small files, as they
 * are installed, a start takes 0.45 s of CPU and 25 MB more. Without this folder all works as well.
 */
const OUT = 'dist/node_modules'
/** A database of its own, with files that it looks for beside itself. */
const AS_IT_IS = ['@electric-sql/pglite']
/** What is imported besides the library itself, by tests as well. */
const PARTS: Record<string, readonly string[]> = { typebox: ['value', 'schema'] }
const INSTALLED = 'node_modules/.package-lock.json'

const { dependencies } = JSON.parse(fs.readFileSync('package.json', 'utf8')) as {
  dependencies: Record<string, string>
}
const libraries = Object.keys(dependencies).filter((name) => !AS_IT_IS.includes(name))
const specifiers = libraries.flatMap((name) => [
  name,
  ...(PARTS[name] ?? []).map((part) => `${name}/${part}`),
])

/** What the folder was made of; written last, so that a folder without it is made again. */
const MADE_OF = path.join(OUT, '.made-of.json')
const madeOf = JSON.stringify([specifiers, fs.statSync(INSTALLED).mtimeMs])
if (!fs.existsSync(MADE_OF) || fs.readFileSync(MADE_OF, 'utf8') !== madeOf) await bundle()

async function bundle(): Promise<void> {
  fs.rmSync(OUT, { recursive: true, force: true })
  const { metafile } = await build({
    entryPoints: specifiers.map((name) => ({ in: `entry:${name}`, out: `${name}/index` })),
    outdir: OUT,
    chunkNames: '.shared/[name]-[hash]',
    bundle: true,
    splitting: true,
    metafile: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'warning',
    // CommonJS modules load Node's own ones by it.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);",
    },
    plugins: [
      {
        name: 'entries',
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^entry:/ }, (entry) => ({
            path: entry.path.slice('entry:'.length),
            namespace: 'entry',
          }))
          onLoad({ filter: /./, namespace: 'entry' }, async (entry) => ({
            contents: await entryOf(entry.path),
            resolveDir: process.cwd(),
          }))
        },
      },
    ],
  })
  // A file without one above it is what its loader takes it for.
  fs.writeFileSync(path.join(OUT, '.shared/package.json'), JSON.stringify({ type: 'module' }))
  for (const name of libraries) {
    const parts = (PARTS[name] ?? []).map((part) => [`./${part}`, `./${part}/index.js`])
    const exports = { '.': './index.js', ...Object.fromEntries(parts) }
    fs.writeFileSync(
      path.join(OUT, name, 'package.json'),
      JSON.stringify({ type: 'module', exports }),
    )
  }
  fs.writeFileSync(path.join(OUT, 'NOTICES.txt'), noticesOf(Object.keys(metafile.inputs)))
  fs.writeFileSync(MADE_OF, madeOf)
}

/** A module that exports what Node finds in the library: of CommonJS, too, each name of its own. */
async function entryOf(specifier: string): Promise<string> {
  const found = Object.keys((await import(specifier)) as object)
  const names = found.filter((name) => name !== 'default' && name !== 'module.exports')
  const quoted = JSON.stringify(specifier)
  return [
    `import * as library from ${quoted}`,
    `export const { ${names.join(', ')} } = library`,
    found.includes('default') ? `export { default } from ${quoted}` : '',
  ].join('\n')
}

/** The licence of every package that a file is made of, as their licences ask. */
function noticesOf(files: string[]): string {
  const folders = new Set(
    files.flatMap((file) => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(file) ?? []),
  )
  return [...folders]
    .sort()
    .map((folder) => {
      const { name, version } = JSON.parse(
        fs.readFileSync(path.join(folder, 'package.json'), 'utf8'),
      ) as { name: string; version: string }
      const licences = fs.readdirSync(folder).filter((file) => /^(licen[cs]e|notice)/i.test(file))
      const texts = licences.map((file) => fs.readFileSync(path.join(folder, file), 'utf8').trim())
      return [`${name} ${version}`, ...texts].join('\n\n')
    })
    .join(`\n\n${'-'.repeat(72)}\n\n`)
}
