import { readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, type as osType } from 'node:os'
import { format, resolveConfig } from 'prettier'
import { root } from '../fixtures/root.ts'
import type { AtRate, Rate, Rates } from './polls.ts'

export type Figures = {
  postgres: string
  /** Whether the measured process had a core for itself. */
  pinned: boolean
  wechatDelayMs: number
  loginsPerSecond: number
  commitsPerSecond: number
  codesOnDemand: { median: number; worst: number }
  codesFromStock: { median: number; worst: number }
  rates: Rates
  half: AtRate
  atPace: (AtRate & { tickets: number })[]
}

type Words = { en: string; zh: string }
type Language = keyof Words

const BEGIN = '<!-- bench:begin -->'
const END = '<!-- bench:end -->'

const whole = (n: number): string => Math.round(n).toLocaleString('en-US')
const times = (n: number): string => `${n.toFixed(2)} ×`
const micro = (n: number | null): string => (n === null ? '–' : n.toFixed(1))
const ms = (n: number): string => `${n < 10 ? n.toFixed(1) : Math.round(n)} ms`
const mb = (n: number): string => `${Math.round(n / 1e6)} MB`

const table = (head: string[], rows: string[][]): string =>
  [head, head.map(() => '---'), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n')

/** Writes the figures into both READMEs, between their markers, and returns the English text. */
export async function report(figures: Figures): Promise<string> {
  for (const [file, language] of [
    ['README.md', 'en'],
    ['README.zh-CN.md', 'zh'],
  ] as const) {
    const path = new URL(file, root)
    const text = readFileSync(path, 'utf8')
    const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)]
    if (begin < 0 || end < begin) throw new Error(`${file} has lost its bench markers`)
    const filled = `${text.slice(0, begin)}${BEGIN}\n\n${textOf(figures, language)}\n\n${text.slice(end)}`
    // As `npm run check` wants it, the code in the READMEs included.
    const settings = await resolveConfig(path)
    writeFileSync(path, await format(filled, { ...settings, parser: 'markdown' }))
  }
  return textOf(figures, 'en')
}

function textOf(figures: Figures, language: Language): string {
  const say = (words: Words): string => words[language]
  const { rates, half, atPace, codesFromStock, codesOnDemand, wechatDelayMs } = figures
  const { service, bare, select } = rates

  const row = (words: Words, of: Rate): string[] => [
    say(words),
    whole(of.perSecond),
    micro(of.cpuUs),
    micro(of.databaseUs),
    ms(of.p50),
    ms(of.p99),
  ]
  const ratio = (words: Words, to: Rate): string[] => [
    say(words),
    times(service.perSecond / to.perSecond),
    times(to.cpuUs / service.cpuUs),
    '',
    '',
    '',
  ]
  const polls = table(
    [
      say({ en: 'polls, as fast as they are answered', zh: '轮询，以应答的最快速度' }),
      say({ en: 'per second', zh: '每秒' }),
      say({ en: 'CPU µs a poll', zh: '每次轮询的 CPU 微秒' }),
      say({ en: 'database CPU µs', zh: '数据库 CPU 微秒' }),
      'p50',
      'p99',
    ],
    [
      row({ en: 'ScenePass', zh: 'ScenePass' }, service),
      row({ en: 'a bare Fastify route, same bytes', zh: '返回相同字节的裸 Fastify 路由' }, bare),
      row({ en: 'one SELECT per poll', zh: '每次轮询一条 SELECT' }, select),
      ratio({ en: 'ScenePass : bare route', zh: 'ScenePass : 裸路由' }, bare),
      ratio({ en: 'ScenePass : one SELECT per poll', zh: 'ScenePass : 每次一条 SELECT' }, select),
    ],
  )

  const memory = ({ tickets, perSecond, rss, live, p99 }: (typeof atPace)[number]): string[] => [
    whole(tickets),
    whole(perSecond),
    ms(p99),
    mb(rss),
    `${(live / 1e6).toFixed(1)} MB`,
  ]
  const waiting = table(
    [
      say({ en: 'waiting browsers', zh: '等待中的浏览器' }),
      say({ en: 'polls per second', zh: '每秒轮询' }),
      'p99',
      'RSS',
      say({ en: 'live memory (after a full collection)', zh: '存活内存（完整回收之后）' }),
    ],
    atPace.map(memory),
  )

  const single = table(
    [say({ en: 'measure', zh: '指标' }), say({ en: 'result', zh: '结果' })],
    [
      [
        say({ en: 'polls per statement, saturated', zh: '满载时每条语句的轮询数' }),
        whole(rates.pollsPerStatement),
      ],
      [
        say({ en: 'p50 / p99 at half of that rate', zh: '一半速率时的 p50 / p99' }),
        `${ms(half.p50)} / ${ms(half.p99)}`,
      ],
      [
        say({ en: 'bytes of a poll and its answer', zh: '一次轮询及其应答的字节数' }),
        `${rates.bytes.request} + ${rates.bytes.answer}`,
      ],
      [
        say({
          en: 'whole logins per second (create, code, scan, confirm, deliver)',
          zh: '每秒完整登录数（创建、取码、扫码、确认、交付）',
        }),
        whole(figures.loginsPerSecond),
      ],
      [
        say({ en: 'raw commits per second of that database', zh: '同一数据库每秒裸提交数' }),
        whole(figures.commitsPerSecond),
      ],
      [
        say({
          en: `time to the code from the stock: median / worst of 40`,
          zh: '从备用码取码的时间：40 次的中位 / 最差',
        }),
        `${ms(codesFromStock.median)} / ${ms(codesFromStock.worst)}`,
      ],
      [
        say({
          en: `without a stock, WeChat answering in ${wechatDelayMs} ms`,
          zh: `没有备用码，微信 ${wechatDelayMs} 毫秒应答`,
        }),
        `${ms(codesOnDemand.median)} / ${ms(codesOnDemand.worst)}`,
      ],
    ],
  )
  return [polls, waiting, single, conditions(figures)[language]].join('\n\n')
}

function conditions({ postgres, pinned }: Figures): Words {
  const [cpu] = cpus()
  const date = new Date().toISOString().slice(0, 10)
  const machine = `${cpus().length} × ${cpu?.model.trim() ?? arch()}, ${osType()}, Node.js ${process.versions.node}, PostgreSQL ${postgres}`
  return {
    en: `${date}, ${machine}. ${
      pinned
        ? 'The measured process had one core; the load, PostgreSQL and the simulated WeChat shared another.'
        : 'Nothing was pinned to a core.'
    } 256 kept connections without TLS, 20,000 live tickets; medians of five rounds in turn. CPU is time of the process.`,
    zh: `${date}，${machine}。${
      pinned ? '被测进程独占一个核，负载、PostgreSQL 与模拟微信共用另一个核。' : '没有绑定 CPU 核。'
    }256 个保持的连接，无 TLS，20,000 张有效票据；轮流五轮取中位数。CPU 为进程时间。`,
  }
}
