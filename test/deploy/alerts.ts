import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import t from 'tap'
import { parse } from 'yaml'
import { runProgram, skipWithout } from '../fixtures/debian.ts'
import { read, sectionsOf, twinsOf } from '../fixtures/guide.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { root } from '../fixtures/root.ts'

const skip = skipWithout('promtool', 'prometheus', 'SCENEPASS_PROMTOOL')
const file = fileURLToPath(new URL('deploy/alerts.yml', root))
type Rule = { alert: string; expr: string; annotations: { summary: string; guide: string } }
const rules: Rule[] = parse(read('deploy/alerts.yml')).groups[0].rules

/** Values of a metric, minute by minute, as promtool writes them: `0+5x20` begins at 0 and rises by 5. */
type Series = Record<string, string>

const up = { 'up{job="scenepass",instance="a"}': '1x40' }
const tokenAge = { 'scenepass_access_token_age_seconds{instance="a"}': '100x40' }
const well = { ...up, ...tokenAge }
const http = (rest: string) => `scenepass_http_requests_total{instance="a",${rest}}`
const slow = (le: string) =>
  `scenepass_http_request_duration_seconds_bucket{route="/ticket/:scene",method="GET",le="${le}"}`
const outcome = (what: string) => `scenepass_tickets_total{outcome="${what}"}`
const errcode = (code: string) =>
  `scenepass_wechat_calls_total{api="getwxacodeunlimit",errcode="${code}"}`
const pushed = (outcome: string) =>
  `scenepass_wechat_pushes_total{event="scan",outcome="${outcome}"}`
const pushTime = (le: string) => `scenepass_wechat_push_duration_seconds_bucket{le="${le}"}`
const qrcode = (code: string) =>
  `scenepass_wechat_calls_total{api="qrcode_create",errcode="${code}"}`
const ofApp = (event: string) => `scenepass_oidc_total{client="wiki",event="${event}"}`
const failed = (code: string) => `scenepass_db_statement_errors_total{code="${code}"}`

/** For each alert a trouble that it must tell, and the nearest thing that is none. */
const cases: Record<string, { trouble: Series; none: Series }> = {
  InstanceDown: { trouble: { 'up{job="scenepass",instance="a"}': '0x40' }, none: up },
  RequestsRefused: {
    trouble: {
      [http('status="503",route="/ticket"')]: '0+5x40',
      [http('status="200"')]: '0+100x40',
    },
    none: { [http('status="503",route="/readyz"')]: '0+5x40', [http('status="200"')]: '0+100x40' },
  },
  InternalErrors: {
    trouble: { [http('status="500"')]: '0+1x40' },
    none: { [http('status="500"')]: '3x40' },
  },
  SlowPolls: {
    trouble: { [slow('0.1')]: '0+1x40', [slow('0.5')]: '0+90x40', [slow('+Inf')]: '0+100x40' },
    none: { [slow('0.1')]: '0+100x40', [slow('0.5')]: '0+100x40', [slow('+Inf')]: '0+100x40' },
  },
  InstanceAtItsLimit: {
    trouble: { nodejs_eventloop_lag_p99_seconds: '0.2x40' },
    none: { nodejs_eventloop_lag_p99_seconds: '0.02x40' },
  },
  StatementsWait: {
    trouble: { scenepass_db_pool_waiting: '3x40' },
    none: { scenepass_db_pool_waiting: '0x40' },
  },
  StatementsFail: {
    trouble: { [failed('42P01')]: '0+1x40' },
    none: {
      [failed('connection')]: '0+9x40',
      [failed('57P01')]: '0+9x40',
      [failed('40001')]: '0+9x40',
    },
  },
  SweepFails: {
    trouble: { 'scenepass_sweep_age_seconds{table="tickets"}': '0+60x40' },
    none: { 'scenepass_sweep_age_seconds{table="tickets"}': '5x40' },
  },
  ReadReplicaFails: {
    trouble: { 'scenepass_read_replica_statements_total{outcome="failed"}': '0+1x40' },
    none: { 'scenepass_read_replica_statements_total{outcome="answered"}': '0+1x40' },
  },
  WechatRefuses: {
    trouble: { [errcode('40164')]: '0+1x40' },
    none: {
      [errcode('0')]: '0+9x40',
      [errcode('40029')]: '0+9x40',
      [errcode('timeout')]: '0+9x40',
    },
  },
  WechatUnreachable: {
    trouble: { 'scenepass_wechat_paused{api="jscode2session"}': '1x40' },
    none: { 'scenepass_wechat_paused{api="jscode2session"}': '0x40' },
  },
  AccessTokenNotRenewed: { trouble: up, none: well },
  PushesFail: {
    trouble: { [pushed('failed')]: '0+1x40' },
    none: { [pushed('failed')]: '3x40', [pushed('accepted')]: '0+9x40' },
  },
  SlowPushes: {
    trouble: {
      [pushTime('1')]: '0+90x40',
      [pushTime('2')]: '0+100x40',
      [pushTime('+Inf')]: '0+100x40',
    },
    none: {
      [pushTime('0.5')]: '0+90x40',
      [pushTime('1')]: '0+100x40',
      [pushTime('+Inf')]: '0+100x40',
    },
  },
  PushesRefused: {
    trouble: { [pushed('refused')]: '0+3x40' },
    none: { [pushed('refused')]: '0+1x40', [pushed('ignored')]: '0+90x40' },
  },
  CodesUsedUp: {
    trouble: { [qrcode('45009')]: '0+1x40' },
    none: { [errcode('45009')]: '0+9x40', [qrcode('0')]: '0+9x40' },
  },
  StockEmpty: {
    trouble: { scenepass_code_stock: '0x40' },
    none: { scenepass_code_stock: '1x40' },
  },
  NoLogins: {
    trouble: { [outcome('created')]: '0+5x40', [outcome('confirmed')]: '0x40' },
    none: { [outcome('created')]: '0+5x40', [outcome('confirmed')]: '0+1x40' },
  },
  AppCannotSignIn: {
    trouble: { [ofApp('error')]: '0+2x40', [ofApp('tokens')]: '9x40' },
    none: { [ofApp('error')]: '0+2x40', [ofApp('tokens')]: '0+1x40' },
  },
  ManyDecline: {
    trouble: { [outcome('denied')]: '0+2x40', [outcome('confirmed')]: '0+5x40' },
    none: { [outcome('denied')]: '0+2x40', [outcome('confirmed')]: '0+50x40' },
  },
}

t.test('each alert comes when there is trouble, and not before', { skip }, async (t) => {
  t.same(
    rules.map(({ alert }) => alert),
    Object.keys(cases),
  )
  t.match(runProgram('promtool', ['check', 'rules', file]), { status: 0 })

  const test = (alert: string, series: Series, fires: boolean) => ({
    name: `${alert} ${fires}`,
    interval: '1m',
    input_series: Object.entries(series).map(([name, values]) => ({ series: name, values })),
    promql_expr_test: [
      {
        expr: `count(ALERTS{alertname="${alert}", alertstate="firing"})`,
        eval_time: '35m',
        exp_samples: fires ? [{ labels: '{}', value: 1 }] : [],
      },
    ],
  })
  const tests = Object.entries(cases).flatMap(([alert, { trouble, none }]) => [
    test(alert, trouble, true),
    test(alert, none, false),
  ])
  const place = join(temporaryFolder(t), 'tests.yml')
  writeFileSync(place, JSON.stringify({ rule_files: [file], evaluation_interval: '1m', tests }))
  const { status, out } = runProgram('promtool', ['test', 'rules', place])
  t.equal(status, 0, out.slice(0, 2_000))
})

t.test('the guide says of each alert what to do, in this order', async (t) => {
  for (const { path, text } of twinsOf('observe')) {
    const titles = sectionsOf(text).map(({ title }) => title)
    t.same(
      titles.filter((title) => rules.some(({ alert }) => alert === title)),
      rules.map(({ alert }) => alert),
      path,
    )
  }
  for (const { alert, annotations } of rules) {
    t.equal(annotations.guide, `docs/observe.md#${alert.toLowerCase()}`)
    t.match(annotations.summary, /\.$/)
  }
})
