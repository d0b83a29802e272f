import { existsSync, readdirSync, readFileSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import ts from 'typescript'

/** server wires, app registers, routes translate, tickets decide; db and errors know nobody. */
const root = process.cwd()

type Source = {
  file: string
  text: string
  own: string[]
  packages: string[]
  /** Of `own`, what is there when the program runs. */
  loaded: string[]
}

/** The mini program is JavaScript, as WeChat loads it; everything else is TypeScript. */
const filesBelow = (folder: string): string[] =>
  readdirSync(path.join(root, folder), { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.[jt]s$/.test(entry.name))
    .map((entry) => path.relative(root, path.join(entry.parentPath, entry.name)))
    .sort()

/** Type imports, dynamic imports and re-exports count like any other. */
const sources: Source[] = [...filesBelow('src'), ...filesBelow('migrations')].map((file) => {
  const text = readFileSync(path.join(root, file), 'utf8')
  const specifiers = ts.preProcessFile(text, true, true).importedFiles.map((f) => f.fileName)
  const types = typeImports(file, text)
  const isOwn = (specifier: string) => /^\.{0,2}\//.test(specifier)
  const own = specifiers.filter(isOwn)
  const resolve = (specifier: string) => path.join(path.dirname(file), specifier)
  return {
    file,
    text,
    own: own.map(resolve),
    loaded: own.filter((specifier) => !types.includes(specifier)).map(resolve),
    packages: specifiers.filter((s) => !isOwn(s)),
  }
})

/** `import type` statements; they are gone when the program runs. */
function typeImports(file: string, text: string): string[] {
  return ts
    .createSourceFile(file, text, ts.ScriptTarget.Latest)
    .statements.filter(ts.isImportDeclaration)
    .filter(({ importClause }) => importClause?.isTypeOnly)
    .map(({ moduleSpecifier }) => (moduleSpecifier as ts.StringLiteral).text)
}

const below = (folder: string) => sources.filter(({ file }) => file.startsWith(folder))
const isFastify = (name: string) => name === 'fastify' || /^@?fastify[-/]/.test(name)

t.test('there is something to read, and every import leads to a file', async (t) => {
  t.ok(sources.length > 50)
  t.ok(sources.reduce((sum, { own }) => sum + own.length, 0) > 100)
  for (const { file, own } of sources) {
    for (const target of own) t.ok(existsSync(path.join(root, target)), `${file} → ${target}`)
  }
})

t.test('the domain knows no HTTP, no WeChat and no settings', async (t) => {
  for (const folder of ['src/tickets/', 'src/logins/', 'src/users/', 'src/tokens/']) {
    t.not(below(folder).length, 0, folder)
    for (const { file, own, packages } of below(folder)) {
      const wrong = own.filter((target) =>
        /^src\/(wechat|routes|plugins|web|cli)\/|^src\/[^/]+\.ts$/.test(target),
      )
      t.strictSame(
        wrong.filter((target) => target !== 'src/errors.ts'),
        [],
        file,
      )
      t.strictSame(packages.filter(isFastify), [], file)
    }
  }
})

t.test('wechat imports nothing of ours but errors, and fastify in its sandbox alone', async (t) => {
  t.not(below('src/wechat/sandbox/').length, 0)
  for (const { file, own, packages } of below('src/wechat/')) {
    const wrong = own.filter(
      (target) =>
        !/^src\/(wechat\/|errors\.ts$)/.test(target) &&
        // The sandbox's phone runs the mini program itself.
        !(file.startsWith('src/wechat/sandbox/phone/') && target.startsWith('src/miniprogram/')),
    )
    t.strictSame(wrong, [], file)
    if (!file.startsWith('src/wechat/sandbox/')) t.strictSame(packages.filter(isFastify), [], file)
  }
})

t.test('the client of WeChat does not know its sandbox', async (t) => {
  for (const { file, own } of below('src/wechat/')) {
    if (file.startsWith('src/wechat/sandbox/')) continue
    t.strictSame(
      own.filter((target) => target.startsWith('src/wechat/sandbox/')),
      [],
      file,
    )
  }
})

t.test('db imports nobody but db, errors nobody at all', async (t) => {
  for (const { file, own, packages } of below('src/db/')) {
    t.strictSame(
      own.filter((target) => !target.startsWith('src/db/')),
      [],
      file,
    )
    t.strictSame(packages.filter(isFastify), [], file)
  }
  const errors = sources.find(({ file }) => file === 'src/errors.ts')
  t.strictSame(errors?.own, [])
  t.strictSame(errors?.packages, [])
})

t.test('only the composition root and the commands see the settings', async (t) => {
  for (const { file, own } of sources) {
    if (/^src\/(server\.ts|service\.ts|cli\/)/.test(file)) continue
    t.notOk(own.includes('src/config.ts'), file)
  }
})

t.test('web imports nothing of node or of the server', async (t) => {
  t.not(below('src/web/').length, 0)
  for (const { file, own, packages } of below('src/web/')) {
    t.strictSame(
      own.filter((target) => !target.startsWith('src/web/')),
      [],
      file,
    )
    t.strictSame(packages, [], file)
  }
})

t.test('the mini program imports nothing but its own files', async (t) => {
  t.not(below('src/miniprogram/').length, 0)
  for (const { file, own, packages } of below('src/miniprogram/')) {
    t.strictSame(
      own.filter((target) => !target.startsWith('src/miniprogram/')),
      [],
      file,
    )
    t.strictSame(packages, [], file)
  }
})

t.test('migrations import kysely alone', async (t) => {
  t.not(below('migrations/').length, 0)
  for (const { file, own, packages } of below('migrations/')) {
    t.strictSame(own, [], file)
    t.strictSame([...new Set(packages)], ['kysely'], file)
  }
})

t.test('only the composition root and the commands touch the process', async (t) => {
  const allowed: Record<string, string[]> = { 'src/db/folder-lock.ts': ['platform'] }
  for (const { file, text, packages } of sources) {
    if (/^src\/(server\.ts|cli\/)/.test(file)) continue
    const wrong = usesOfProcess(file, text).filter((use) => !allowed[file]?.includes(use))
    t.strictSame(wrong, [], file)
    t.notOk(packages.includes('node:process'), file)
  }
  t.strictSame(
    usesOfProcess(
      'x.ts',
      'process.exit(1); const { env } = process; a.process.on; /* process.x */',
    ),
    ['exit', 'process'],
    'the reader itself works',
  )
})

/** Names of what is used of the global `process`; `process` where it is handed on as a whole. */
function usesOfProcess(file: string, text: string): string[] {
  const uses: string[] = []
  const visit = (node: ts.Node): void => {
    if (ts.isIdentifier(node) && node.text === 'process') {
      const { parent } = node
      if (!ts.isPropertyAccessExpression(parent)) uses.push('process')
      else if (parent.expression === node) uses.push(parent.name.text)
    }
    ts.forEachChild(node, visit)
  }
  visit(ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true))
  return uses
}

t.test('no source file is longer than 250 lines', async (t) => {
  const tooLong = sources
    .map(({ file, text }) => ({ file, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > 250)
  t.strictSame(tooLong, [])
})

t.test('no file imports itself by way of others', async (t) => {
  t.strictSame(cyclesOf(new Map(sources.map(({ file, loaded }) => [file, loaded]))), [])
  const made = new Map([
    ['a', ['b']],
    ['b', ['c']],
    ['c', ['a']],
    ['d', ['a']],
  ])
  t.strictSame(cyclesOf(made), [['a', 'b', 'c', 'a']], 'the reader itself works')
})

function cyclesOf(graph: Map<string, string[]>): string[][] {
  const cycles: string[][] = []
  const done = new Set<string>()
  const walk = (file: string, trail: string[]): void => {
    const start = trail.indexOf(file)
    if (start >= 0) return void cycles.push([...trail.slice(start), file])
    if (done.has(file)) return
    for (const next of graph.get(file) ?? []) walk(next, [...trail, file])
    done.add(file)
  }
  for (const file of graph.keys()) walk(file, [])
  return cycles
}
