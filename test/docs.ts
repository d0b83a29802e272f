import { parseEnv } from 'node:util'
import pino from 'pino'
import t from 'tap'
import { readConfig } from '../src/config/config.ts'
import { settings } from '../src/config/settings.ts'
import { catalogue } from '../src/errors.ts'
import { isIssued } from '../src/tickets/scene.ts'
import { createMetrics } from '../src/telemetry/metrics.ts'
import { startOps } from '../src/http/ops.ts'
import { startApp } from './fixtures/app.ts'
import { codeOf, pages, read, sectionsOf, tablesOf, tableWith, twinsOf } from './fixtures/guide.ts'
import { freePort } from './fixtures/postgres/postgres.ts'

/** What the guide says about the program is what the program does. How it is written: docs/. */

const manifest = JSON.parse(read('package.json')) as {
  scripts: Record<string, string>
  dependencies: Record<string, string>
}
const example = read('.env.example')

type Setting = {
  default?: unknown
  minimum?: number
  maximum?: number
  maxLength?: number
  anyOf?: { const: string }[]
}
const known = Object.entries(settings.properties) as [string, Setting][]

const defaultLine = { en: /^Default: (.+)$/m, 'zh-CN': /^默认值：(.+)$/m }

for (const { path, language, text } of twinsOf('settings')) {
  t.test(`${path} has every setting with its default, its bounds and its choices`, async (t) => {
    const sections = sectionsOf(text).filter(({ level }) => level === 3)
    t.same(
      sections.map(({ title }) => title),
      known.map(([setting]) => setting),
    )
    for (const [setting, schema] of known) {
      const body = sections.find(({ title }) => title === setting)?.body ?? ''
      const byDefault = defaultLine[language].exec(body)?.[1]
      t.ok(byDefault, `${setting} says its default`)
      t.equal(codeOf(byDefault), String(schema.default ?? ''), `the default of ${setting}`)
      const meaning = body.replace(defaultLine[language], '').trim()
      t.ok(meaning, `${setting} has a meaning`)
      const numbers: string[] = meaning.match(/\d+/g) ?? []
      for (const bound of [schema.minimum, schema.maximum, schema.maxLength]) {
        if (bound !== undefined) t.ok(numbers.includes(String(bound)), `${setting}: ${bound}`)
      }
      for (const choice of schema.anyOf ?? []) {
        t.ok(meaning.includes(`\`${choice.const}\``), `${setting}: ${choice.const}`)
      }
    }
  })
}

for (const { path, text } of twinsOf('api')) {
  t.test(`${path} lists every error with its status and its Retry-After`, async (t) => {
    t.same(
      tableWith(text, 1, 'INTERNAL').map(([status, error, meaning = '']) => [
        status,
        codeOf(error),
        meaning.includes('`Retry-After`'),
      ]),
      Object.entries(catalogue).map(([error, entry]) => [
        String(entry.status),
        error,
        'retryAfter' in entry,
      ]),
    )
  })
}

t.test('the API guide lists every endpoint and no other', async (t) => {
  const routes = new Set<string>()
  await startApp(t, {
    urlLink: true,
    logo: { type: 'image/png', bytes: Buffer.alloc(0) },
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

  for (const { path, text } of twinsOf('api')) {
    const listed = tablesOf(text)
      .flat()
      .flatMap(([cell]) => /^(?:[A-Z]+ )?\/.*/.exec(codeOf(cell))?.[0] ?? [])
    const whole = listed.filter((endpoint) => !endpoint.endsWith('…'))
    const prefixes = listed.filter((endpoint) => endpoint.endsWith('…')).map((p) => p.slice(0, -1))
    const below = (route: string) => prefixes.some((prefix) => route.includes(` ${prefix}`))
    t.same(prefixes, ['/sandbox/wechat/'], path)
    t.ok([...routes].some(below))
    t.same(whole.sort(), [...routes].filter((route) => !below(route)).sort(), path)
  }
})

for (const { path, text } of twinsOf('develop')) {
  t.test(`${path} lists every dependency and no other`, async (t) => {
    t.same(
      tableWith(text, 0, 'fastify').map((row) => codeOf(row[0])),
      Object.keys(manifest.dependencies),
    )
  })

  t.test(`${path} lists every script`, async (t) => {
    const scripts = Object.keys(manifest.scripts).filter(
      (script) =>
        // npm runs that one itself, too, before `npm pack`.
        script !== 'prepack' &&
        !(/^(pre|post)/.test(script) && script.replace(/^(pre|post)/, '') in manifest.scripts),
    )
    const rows = tableWith(text, 0, 'npm start').map((row) => codeOf(row[0]).split(' ').at(-1))
    t.same([...rows].sort(), scripts.sort())
  })
}

t.test('the guide shows scenes as the service issues them', async (t) => {
  // The log has the first 8 characters of a scene.
  const short = 8
  let shown = 0
  for (const { path, text } of pages) {
    for (const [, scene = ''] of text.matchAll(/(?:"scene": ?"|\/ticket\/)([\w-]{8,})/g)) {
      if (scene.length > short) t.ok(isIssued(scene), `${path}: ${scene}`)
      shown++
    }
  }
  t.ok(shown > 20)
})

t.test('the guide names scripts that exist', async (t) => {
  const npmsOwn = ['ci', 'install', 'pack', 'prune']
  for (const { path, text } of pages) {
    const named = text.matchAll(/(?:^|`)npm (?:run (?:--silent )?)?([a-z]+)/gm)
    for (const script of new Set([...named].map(([, word = '']) => word))) {
      if (!npmsOwn.includes(script)) t.hasProp(manifest.scripts, script, `${path}: npm ${script}`)
    }
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
