import { existsSync, readFileSync } from 'node:fs'
import { parseEnv } from 'node:util'
import pino from 'pino'
import t from 'tap'
import { readConfig } from '../src/config/config.ts'
import { settings } from '../src/config/settings.ts'
import { catalogue } from '../src/errors.ts'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { startOps } from '../src/http/ops.ts'
import { startApp } from './fixtures/app.ts'
import { freePort } from './fixtures/postgres/postgres.ts'
import { root } from './fixtures/root.ts'

const read = (name: string): string => readFileSync(new URL(name, root), 'utf8')

const manifest = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>
  dependencies: Record<string, string>
}
const example = read('.env.example')
const readmes = ['README.md', 'README.zh-CN.md'].map((name) => ({ name, text: read(name) }))

type Setting = {
  default?: unknown
  minimum?: number
  maximum?: number
  anyOf?: { const: string }[]
}
const known = Object.entries(settings.properties) as [string, Setting][]

/** Prose and tables: what is left of Markdown without its code blocks. */
const outsideCode = (text: string): string => text.replace(/^```[\s\S]*?^```$/gm, '```')

/** The tables of a text: rows of cells, without the header. */
function tables(text: string): string[][][] {
  const found: string[][][] = [[]]
  for (const line of outsideCode(text).split('\n')) {
    if (line.startsWith('|')) found.at(-1)?.push(cellsOf(line))
    else if (found.at(-1)?.length) found.push([])
  }
  return found.filter((rows) => rows.length > 2).map((rows) => rows.slice(2))
}

const cellsOf = (line: string): string[] =>
  line
    .split('|')
    .slice(1, -1)
    .map((cell) => cell.trim())

const code = (cell: string | undefined): string => /^`([^`]+)`$/.exec(cell ?? '')?.[1] ?? ''

/** The one table that has this code in this column. */
function tableWith(text: string, column: number, value: string): string[][] {
  const found = tables(text).filter((rows) => rows.some((row) => code(row[column]) === value))
  if (found.length !== 1) throw new Error(`${found.length} tables with ${value}`)
  return found[0] as string[][]
}

for (const { name, text } of readmes) {
  t.test(`${name} lists every setting with its default, its bounds and its choices`, async (t) => {
    const rows = tableWith(text, 0, 'DATABASE_URL')
    t.same(
      rows.map((row) => code(row[0])),
      known.map(([setting]) => setting),
    )
    for (const [index, [setting, schema]] of known.entries()) {
      const [, byDefault, meaning = ''] = rows[index] as string[]
      t.equal(code(byDefault), String(schema.default ?? ''), `the default of ${setting}`)
      const numbers: string[] = meaning.match(/\d+/g) ?? []
      for (const bound of [schema.minimum, schema.maximum]) {
        if (bound !== undefined) t.ok(numbers.includes(String(bound)), `${setting}: ${bound}`)
      }
      for (const choice of schema.anyOf ?? []) {
        t.ok(meaning.includes(`\`${choice.const}\``), `${setting}: ${choice.const}`)
      }
    }
  })

  t.test(`${name} lists every error with its status and its Retry-After`, async (t) => {
    const yes = name === 'README.md' ? 'yes' : '有'
    t.same(
      tableWith(text, 1, 'INTERNAL').map((row) => [row[0], code(row[1]), row[3] === yes]),
      Object.entries(catalogue).map(([error, entry]) => [
        String(entry.status),
        error,
        'retryAfter' in entry,
      ]),
    )
  })

  t.test(`${name} lists every dependency and no other`, async (t) => {
    t.same(
      tableWith(text, 0, 'fastify').map((row) => code(row[0])),
      Object.keys(manifest.dependencies),
    )
  })

  t.test(`${name} names scripts that exist, and all of them`, async (t) => {
    const named = [...text.matchAll(/(?:^|`)npm (?:run (?:--silent )?)?([a-z]+)/gm)].map(
      ([, word]) => word,
    )
    const npmsOwn = ['ci', 'install', 'prune']
    for (const script of new Set(named)) {
      if (!npmsOwn.includes(script as string)) t.hasProp(manifest.scripts, script as string)
    }
    const scripts = Object.keys(manifest.scripts).filter(
      (script) =>
        !(/^(pre|post)/.test(script) && script.replace(/^(pre|post)/, '') in manifest.scripts),
    )
    const rows = tableWith(text, 0, 'npm start').map((row) => code(row[0]).split(' ').at(-1))
    t.same([...rows].sort(), scripts.sort())
  })

  t.test(`${name} has links that lead somewhere`, async (t) => {
    const anchors = [...outsideCode(text).matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
      title
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s-]/gu, '')
        .replaceAll(' ', '-'),
    )
    const links = [...outsideCode(text).matchAll(/\]\(([^)]+)\)/g)].map(([, link = '']) => link)
    t.ok(links.length > 10)
    for (const link of links) {
      if (link.startsWith('#')) t.ok(anchors.includes(link.slice(1)), link)
      else if (!link.startsWith('https://')) t.ok(existsSync(new URL(link, root)), link)
    }
    const paths = [...text.matchAll(/`((?:src|test)\/[\w./-]+)`/g)].map(([, path = '']) => path)
    for (const path of paths) t.ok(existsSync(new URL(path, root)), path)
  })
}

t.test('the READMEs list every endpoint and no other', async (t) => {
  const routes = new Set<string>()
  await startApp(t, {
    urlLink: true,
    around: [
      async (app) => {
        app.addHook('onRoute', ({ method, url }) => {
          for (const verb of [method].flat()) {
            if (verb === 'HEAD' || url.startsWith('/docs/')) continue
            routes.add(`${verb} ${url}`)
          }
        })
      },
    ],
  })
  const metrics = createMetrics()
  const port = await freePort()
  const log = pino({ level: 'silent' })
  t.teardown(await startOps({ host: '127.0.0.1', port, metrics, log }))
  t.equal((await fetch(`http://127.0.0.1:${port}/metrics`)).status, 200)
  routes.add('GET /metrics')

  for (const { name, text } of readmes) {
    const listed = tableWith(text, 0, 'POST /ticket').flatMap(([cell = '']) =>
      [...cell.matchAll(/`([^`]+)`/g)].map(([, endpoint = '']) => endpoint),
    )
    const whole = listed.filter((endpoint) => !endpoint.endsWith('…'))
    const prefixes = listed.filter((endpoint) => endpoint.endsWith('…')).map((p) => p.slice(0, -1))
    const below = (route: string) => prefixes.some((prefix) => route.includes(` ${prefix}`))
    t.same(prefixes, ['/sandbox/wechat/'], name)
    t.ok([...routes].some(below))
    t.same(whole.sort(), [...routes].filter((route) => !below(route)).sort(), name)
  }
})

t.test('.env.example has every setting at its default, and nothing set', async (t) => {
  t.same(parseEnv(example), {}, 'it runs as it is')
  const lines = example.split('\n').filter((line) => /^#[A-Z]/.test(line))
  const values = parseEnv(lines.map((line) => line.slice(1)).join('\n'))
  t.equal(lines.length, known.length, 'each once')
  t.same(
    values,
    Object.fromEntries(known.map(([setting, schema]) => [setting, String(schema.default ?? '')])),
  )
  t.same(
    readConfig(values as Record<string, string>),
    readConfig({}),
    'to uncomment changes nothing',
  )
})

t.test('the READMEs are twins', async (t) => {
  const [en, zh] = readmes.map(({ text }) => ({
    headings: outsideCode(text).match(/^#+ /gm),
    blocks: text.match(/^```\w+$/gm),
    tables: tables(text).map((rows) => rows.length),
    bullets: outsideCode(text).match(/^(- |\d\. )/gm),
  }))
  t.same(zh, en)
})
