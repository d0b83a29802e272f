import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import t from 'tap'
import { readConfig } from '../../src/config/config.ts'
import { startService } from '../../src/service.ts'
import { createLog } from '../../src/telemetry/log.ts'
import { runProgram, skipWithout } from '../fixtures/debian.ts'
import { codeOf, read, tablesOf, twinsOf } from '../fixtures/guide.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { call } from '../fixtures/network/client.ts'
import { postgresUrl } from '../fixtures/postgres/database.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'

/** Alerts, dashboard and guide ask for metrics that are there, and the guide leaves none out. */

const DATABASE_URL = await postgresUrl(t)
const OPS_PORT = String(await freePort())
const service = await startService({
  // Its own copy: with a read replica there are all metrics.
  config: readConfig({ PORT: '0', DATABASE_URL, DATABASE_READ_URL: DATABASE_URL, OPS_PORT }),
  log: createLog('silent'),
})
t.teardown(service.stop)

/** The names that a scrape has, a histogram's three for each. */
const { body } = await call(`http://127.0.0.1:${OPS_PORT}/metrics`)
const types = [...String(body).matchAll(/^# TYPE (\w+) (\w+)$/gm)].map(
  ([, name = '', type = '']) => ({ name, type }),
)
const ours = types.map(({ name }) => name).filter((name) => name.startsWith('scenepass_'))
const sampled = new Set(
  types.flatMap(({ name, type }) =>
    type === 'histogram' ? ['_bucket', '_count', '_sum'].map((end) => name + end) : [name],
  ),
)

const metricsIn = (text: string): Set<string> =>
  new Set(text.match(/\b(?:scenepass|nodejs|process)_\w+/g))

type Panel = { title: string; type: string; targets?: { expr: string }[] }
const dashboard = JSON.parse(read('deploy/grafana-dashboard.json')) as { panels: Panel[] }
const expressions = dashboard.panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr))

t.test('alerts and dashboard ask for metrics that there are', async (t) => {
  for (const [where, text] of [
    ['alerts.yml', read('deploy/alerts.yml').replace(/^ *(#|summary|guide).*$/gm, '')],
    ['grafana-dashboard.json', expressions.join('\n')],
  ] as const) {
    const asked = metricsIn(text)
    t.ok(asked.size > 10, where)
    for (const name of asked) t.ok(sampled.has(name), `${where}: ${name}`)
  }
})

t.test('the dashboard shows every metric of ours', async (t) => {
  const asked = [...metricsIn(expressions.join('\n'))]
  for (const name of ours) {
    // The time of requests is shown for polls, their number for all.
    t.ok(
      asked.some((each) => each.startsWith(name)),
      name,
    )
  }
})

t.test('the guide lists every metric of ours', async (t) => {
  for (const { path, text } of twinsOf('observe')) {
    const listed = tablesOf(text)
      .flat()
      .map(([cell]) => codeOf(cell))
    t.same(listed.filter((name) => name.startsWith('scenepass_')).sort(), [...ours].sort(), path)
  }
})

const skip = skipWithout('promtool', 'prometheus', 'SCENEPASS_PROMTOOL')
t.test('Prometheus understands what the dashboard asks', { skip }, async (t) => {
  const rules = expressions.map((expr, n) => ({
    record: `panel_${n}`,
    expr: expr
      .replaceAll('$__rate_interval', '5m')
      .replaceAll('$__range', '1h')
      .replaceAll('$job', '.+'),
  }))
  const file = join(temporaryFolder(t), 'rules.yml')
  writeFileSync(file, JSON.stringify({ groups: [{ name: 'dashboard', rules }] }))
  const { status, out } = runProgram('promtool', ['check', 'rules', file])
  t.equal(status, 0, out.slice(0, 2_000))
})
