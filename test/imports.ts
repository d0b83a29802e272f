import { existsSync } from 'node:fs'
import path from 'node:path'
import t from 'tap'
import { filesBelow, readSource, usesOfProcess } from './fixtures/sources.ts'

/**
 * Imports go down only. The floors, from the top; a room is a folder of `src/` or a file in it, and
 * sees its own files and the floors below it.
 */
const floors: readonly (readonly string[])[] = [
  ['server.ts', 'service.ts', 'open-doors.ts', 'cli', 'build', 'config'],
  ['http', 'jobs', 'sandbox', 'doctor'],
  ['sign-in', 'oidc', 'telemetry'],
  ['tickets', 'users', 'audit', 'tokens', 'limits'],
  ['wechat', 'db'],
  [
    'errors.ts',
    'identity.ts',
    'language.ts',
    'operator-error.ts',
    'ip-address.ts',
    'html.ts',
    'page-policy.ts',
    'png.ts',
    'secrets.ts',
  ],
]

/** Who may see more than that: a file or a room, and what. */
const also: Record<string, readonly string[]> = {
  'server.ts': ['service.ts', 'cli', 'config'],
  'service.ts': ['config', 'open-doors.ts'],
  'open-doors.ts': ['config'],
  // The entry starts them all.
  cli: ['config', 'service.ts', 'server.ts'],
  // A decision and its row of the audit trail are one statement.
  tickets: ['audit'],
  // The simulation answers its own mistakes, and sends its demo's files, as the service does.
  sandbox: [
    'http/plugins/error-handler.ts',
    'http/asset.ts',
    'wechat/draw-code.ts',
    'wechat/push/crypto.ts',
    'wechat/push/request.ts',
    'wechat/push/xml.ts',
  ],
  'sandbox/phone': ['miniprogram', 'confirm-page'],
  'sandbox/chat': ['confirm-page'],
  // The same flow, words and screens, for people who come from a chat.
  'confirm-page': ['miniprogram'],
  'sandbox/demo': ['web'],
  // The hash of the stylesheet, for the policy of our own pages.
  'build/style-hash.ts': ['web/widget/style.ts'],
  'doctor/examine.ts': ['config'],
  'errors.ts': ['language.ts'],
  'html.ts': ['language.ts'],
  'operator-error.ts': ['language.ts'],
}

/** Who may see less: only these may import the room. */
const only: Record<string, readonly string[]> = {
  config: ['server.ts', 'service.ts', 'open-doors.ts', 'cli', 'doctor/examine.ts'],
  sandbox: ['service.ts', 'cli'],
  // A door hands the proof over, so that a ticket is looked at before a login code is spent.
  wechat: ['service.ts', 'open-doors.ts', 'cli', 'config', 'http', 'jobs', 'doctor', 'telemetry'],
}

/** Browsers and WeChat load these as they are: they see nothing but their own files. */
const apart = ['web', 'miniprogram', 'confirm-page']

const SEES_FASTIFY = /^src\/(server\.ts|service\.ts|cli\/|http\/|jobs\/|sandbox\/|doctor\/)/
const SEES_FASTIFYS_TYPES = /^src\/(telemetry\/|open-doors\.ts)/
const TOUCHES_PROCESS = /^src\/(server\.ts|cli\/|build\/|db\/embedded\/main\.ts)/
const allowedOfProcess: Record<string, string[]> = {
  'src/db/embedded/folder.ts': ['getuid', 'getgid'],
  'src/db/folder-lock.ts': ['platform'],
  'src/telemetry/metrics.ts': ['version'],
}

const MOST_LINES = 250

const sources = [...filesBelow('src'), ...filesBelow('migrations')].map(readSource)
const below = (folder: string) => sources.filter(({ file }) => file.startsWith(folder))

/** `src/http/routes/phone.ts` → `http`, `src/errors.ts` → `errors.ts`. */
const roomOf = (file: string): string => file.split('/')[1] as string
const floorOf = (room: string): number => floors.findIndex((rooms) => rooms.includes(room))
const isIn = (file: string, places: readonly string[]): boolean =>
  places.some((place) => file === `src/${place}` || file.startsWith(`src/${place}/`))
const seenBesides = (file: string): string[] =>
  Object.entries(also).flatMap(([who, what]) => (isIn(file, [who]) ? what : []))

function allows(file: string, target: string): boolean {
  const [from, to] = [roomOf(file), roomOf(target)]
  if (from === to) return true
  if (isIn(target, seenBesides(file))) return true
  if (apart.includes(from) || apart.includes(to)) return false
  if (only[to] && !isIn(file, only[to])) return false
  return floorOf(from) < floorOf(to)
}

t.test('there is something to read, and every import leads to a file', async (t) => {
  t.ok(sources.length > 50)
  t.ok(sources.reduce((sum, { own }) => sum + own.length, 0) > 100)
  for (const { file, own } of sources) {
    for (const target of own) t.ok(existsSync(target), `${file} → ${target}`)
  }
})

t.test('every file is on a floor, and every place that is named is there', async (t) => {
  for (const { file } of below('src/')) {
    t.ok(floorOf(roomOf(file)) >= 0 || apart.includes(roomOf(file)), file)
  }
  const named = [
    floors.flat(),
    apart,
    Object.entries(also).flatMap(([who, what]) => [who, ...what]),
    Object.entries(only).flatMap(([room, who]) => [room, ...who]),
  ].flat()
  for (const place of named) t.ok(existsSync(path.join('src', place)), place)
})

t.test('imports go down only', async (t) => {
  for (const { file, own } of below('src/')) {
    t.strictSame(
      own.filter((target) => !allows(file, target)),
      [],
      file,
    )
  }
})

t.test('the table says no where it should', async (t) => {
  for (const [file, target] of [
    ['src/tickets/scan.ts', 'src/http/schemas.ts'],
    ['src/tickets/scan.ts', 'src/users/identify.ts'],
    ['src/audit/record.ts', 'src/tickets/ticket.ts'],
    ['src/sign-in/scan.ts', 'src/wechat/mini-program.ts'],
    ['src/http/app.ts', 'src/config/config.ts'],
    ['src/http/app.ts', 'src/sandbox/plugin.ts'],
    ['src/http/routes/pages.ts', 'src/web/client.ts'],
    ['src/doctor/run.ts', 'src/config/config.ts'],
    ['src/wechat/api.ts', 'src/db/pool.ts'],
    ['src/errors.ts', 'src/identity.ts'],
    ['src/web/client.ts', 'src/errors.ts'],
    ['src/miniprogram/app.js', 'src/web/client.ts'],
    ['src/sandbox/plugin.ts', 'src/http/app.ts'],
    ['src/jobs/sweep.ts', 'src/http/app.ts'],
  ] as const) {
    t.notOk(allows(file, target), `${file} → ${target}`)
  }
})

t.test('nothing below the ways in sees Fastify', async (t) => {
  const isFastify = (name: string) => name === 'fastify' || /^@?fastify[-/]/.test(name)
  for (const { file, packages, loadedPackages } of sources) {
    if (SEES_FASTIFY.test(file)) continue
    const seen = SEES_FASTIFYS_TYPES.test(file) ? loadedPackages : packages
    t.strictSame(seen.filter(isFastify), [], file)
  }
})

t.test('the element, the pages and the mini program load no package', async (t) => {
  for (const room of apart) {
    t.not(below(`src/${room}/`).length, 0)
    for (const { file, packages } of below(`src/${room}/`)) t.strictSame(packages, [], file)
  }
})

t.test('migrations import kysely alone', async (t) => {
  t.not(below('migrations/').length, 0)
  for (const { file, own, packages } of below('migrations/')) {
    t.strictSame(own, [], file)
    t.strictSame([...new Set(packages)], ['kysely'], file)
  }
})

t.test('only the server and the commands touch the process', async (t) => {
  for (const { file, text, packages } of sources) {
    if (TOUCHES_PROCESS.test(file)) continue
    const wrong = usesOfProcess(file, text).filter((use) => !allowedOfProcess[file]?.includes(use))
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

t.test(`no source file and no test is longer than ${MOST_LINES} lines`, async (t) => {
  const tooLong = [...sources, ...filesBelow('test').map(readSource)]
    .map(({ file, text }) => ({ file, lines: text.trimEnd().split('\n').length }))
    .filter(({ lines }) => lines > MOST_LINES)
  t.strictSame(tooLong, [])
})

t.test('no file imports itself by way of others, by types neither', async (t) => {
  t.strictSame(cyclesOf(new Map(sources.map(({ file, own }) => [file, own]))), [])
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
