import { readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import ts from 'typescript'
import { root } from './fixtures/root.ts'

const folder = fileURLToPath(root)
const { scripts } = JSON.parse(readFileSync(new URL('package.json', root), 'utf8')) as {
  scripts: Record<string, string>
}

/** What `npm run check` gives to the compiler, by the path that it names. */
const projects = new Map(
  [...(scripts['check'] ?? '').matchAll(/tsc -p (\S+)/g)].map(([, name = '']) => {
    const file = path.join(folder, name, 'tsconfig.json')
    const { config } = ts.readConfigFile(file, ts.sys.readFile)
    return [name, ts.parseJsonConfigFileContent(config, ts.sys, path.dirname(file))]
  }),
)

t.test('npm run check type-checks every file', async (t) => {
  t.strictSame(
    [...projects.keys()],
    ['.', 'src/web', 'src/sandbox', 'src/confirm-page', 'src/miniprogram', 'test'],
  )
  const checked = new Set<string>()
  // What a project imports is checked with it.
  const visit = (file: string): void => {
    if (checked.has(file)) return
    checked.add(file)
    const { importedFiles } = ts.preProcessFile(readFileSync(file, 'utf8'), true, true)
    for (const { fileName } of importedFiles) {
      if (fileName.startsWith('.')) visit(path.resolve(path.dirname(file), fileName))
    }
  }
  for (const { fileNames } of projects.values()) fileNames.forEach(visit)
  for (const top of ['src', 'migrations', 'test']) {
    for (const entry of readdirSync(new URL(top, root), { withFileTypes: true, recursive: true })) {
      if (!/\.[jt]s$/.test(entry.name)) continue
      t.ok(checked.has(path.resolve(entry.parentPath, entry.name)), entry.name)
    }
  }
})

t.test(
  'the server’s files are checked without a browser’s types, a browser’s without Node’s',
  async (t) => {
    const typesOf = (name: string) => {
      const { lib = [], types = [] } = projects.get(name)?.options ?? {}
      return { dom: lib.some((file) => /dom/.test(file)), types }
    }
    t.strictSame(typesOf('.'), { dom: false, types: ['node'] })
    for (const name of ['src/web', 'src/sandbox']) {
      t.strictSame(typesOf(name), { dom: true, types: [] })
    }
    const names = projects.get('.')?.fileNames ?? []
    t.ok(names.some((name) => name.endsWith('/src/http/app.ts')))
    t.notOk(names.some((name) => name.includes('/src/web/')))
  },
)
