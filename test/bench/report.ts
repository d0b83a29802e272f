import { readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, type as osType } from 'node:os'
import { format, resolveConfig } from 'prettier'
import { root } from '../fixtures/root.ts'
import type { AtRate, Rate, Rates } from './polls.ts'
import { IMAGE_BYTES } from './wal.ts'

export type Figures = {
  postgres: string
  /** Whether the measured process had a core for itself. */
  pinned: boolean
  wechatDelayMs: number
  loginsPerSecond: number
  commitsPerSecond: number
  codesOnDemand: { median: number; worst: number }
  codesFromStock: { median: number; worst: number }
  /** Bytes of write-ahead log a login. */
  wal: { fromStock: number; onDemand: number; withoutImage: number }
  rates: Rates
  half: AtRate
  atPace: (AtRate & { tickets: number })[]
}

type Words = { en: string; zh: string }
type Language = keyof Words
type Row = (Words | string)[]
/** A table with its head, or a line of its own. */
type Part = Row[] | Words

const BEGIN = '<!-- bench:begin -->'
const END = '<!-- bench:end -->'

const whole = (n: number): string => Math.round(n).toLocaleString('en-US')
const times = (n: number): string => `${n.toFixed(2)} ×`
const micro = (n: number | null): string => (n === null ? '–' : n.toFixed(1))
const ms = (n: number): string => `${n < 10 ? n.toFixed(1) : Math.round(n)} ms`
const kb = (n: number): string => `${(n / 1000).toFixed(1)} kB`
const mb = (n: number): string => `${Math.round(n / 1e6)} MB`

function table([head = [], ...rows]: string[][]): string {
  const lines = [head, head.map(() => '---'), ...rows]
  return lines.map((line) => `| ${line.join(' | ')} |`).join('\n')
}

/** Writes the figures into both guides, between their markers, and returns the English text. */
export async function report(figures: Figures): Promise<string> {
  for (const [file, language] of [
    ['docs/scale.md', 'en'],
    ['docs/scale.zh-CN.md', 'zh'],
  ] as const) {
    const path = new URL(file, root)
    const text = readFileSync(path, 'utf8')
    const [begin, end] = [text.indexOf(BEGIN), text.indexOf(END)]
    if (begin < 0 || end < begin) throw new Error(`${file} has lost its bench markers`)
    const filled = `${text.slice(0, begin)}${BEGIN}\n\n${textOf(figures, language)}\n\n${text.slice(end)}`
    // As `npm run check` wants it, the code in the guide included.
    const settings = await resolveConfig(path)
    writeFileSync(path, await format(filled, { ...settings, parser: 'markdown' }))
  }
  return textOf(figures, 'en')
}

/** Tables of at most three columns, which a narrow window shows whole. */
function textOf(figures: Figures, language: Language): string {
  const say = (words: Words | string): string =>
    typeof words === 'string' ? words : words[language]
  return [...pollsOf(figures), ...waitingOf(figures), ...loginsOf(figures), conditions(figures)]
    .map((part) => (Array.isArray(part) ? table(part.map((row) => row.map(say))) : say(part)))
    .join('\n\n')
}

function pollsOf({ rates, half }: Figures): Part[] {
  const { service, metered, bare, select } = rates
  const contenders: [Words | string, Rate][] = [
    ['ScenePass', service],
    [{ en: 'ScenePass, with metrics', zh: 'ScenePass，开启指标' }, metered],
    [{ en: 'a bare Fastify route, same bytes', zh: '返回相同字节的裸 Fastify 路由' }, bare],
    [{ en: 'one SELECT per poll', zh: '每次轮询一条 SELECT' }, select],
  ]
  const ratio = (words: Words, to: Rate): Row => [
    words,
    times(service.perSecond / to.perSecond),
    times(to.cpuUs / service.cpuUs),
  ]
  const fastest = { en: 'polls, as fast as they are answered', zh: '轮询，一有应答即发下一次' }
  return [
    { en: '### Polls per second', zh: '### 每秒轮询数' },
    [
      [fastest, { en: 'polls per second', zh: '每秒轮询数' }],
      ...contenders.map(([name, { perSecond }]) => [name, whole(perSecond)]),
    ],
    [
      [
        { en: 'ScenePass compared with', zh: 'ScenePass 与之相比' },
        { en: 'polls per second', zh: '每秒轮询数' },
        { en: 'polls per CPU second', zh: '每 CPU 秒轮询数' },
      ],
      ratio({ en: 'itself with metrics', zh: '开启指标的自身' }, metered),
      ratio({ en: 'the bare route', zh: '裸路由' }, bare),
      ratio({ en: 'one SELECT per poll', zh: '每次一条 SELECT' }, select),
    ],
    [
      [
        { en: 'of ScenePass', zh: 'ScenePass' },
        { en: 'result', zh: '结果' },
      ],
      [
        { en: 'polls per statement, saturated', zh: '满载时每条语句的轮询数' },
        whole(rates.pollsPerStatement),
      ],
      [
        { en: 'bytes of a poll and its answer', zh: '一次轮询及其应答的字节数' },
        `${rates.bytes.request} + ${rates.bytes.answer}`,
      ],
    ],
    { en: '### CPU per poll', zh: '### 每次轮询的 CPU' },
    [
      [
        fastest,
        { en: 'CPU µs of the process', zh: '进程的 CPU 微秒' },
        { en: 'CPU µs of the database', zh: '数据库的 CPU 微秒' },
      ],
      ...contenders.map(([name, { cpuUs, databaseUs }]) => [name, micro(cpuUs), micro(databaseUs)]),
    ],
    { en: '### Time to the answer of a poll', zh: '### 轮询的应答时间' },
    [
      [fastest, 'p50', 'p99'],
      ...contenders.map(([name, { p50, p99 }]) => [name, ms(p50), ms(p99)]),
      [
        { en: 'ScenePass at half of its rate', zh: 'ScenePass，一半速率时' },
        ms(half.p50),
        ms(half.p99),
      ],
    ],
  ]
}

function waitingOf({ atPace }: Figures): Part[] {
  const browsers = { en: 'waiting browsers', zh: '等待中的浏览器' }
  return [
    { en: '### Waiting browsers', zh: '### 等待中的浏览器' },
    [
      [browsers, { en: 'polls per second', zh: '每秒轮询数' }, 'p99'],
      ...atPace.map(({ tickets, perSecond, p99 }) => [whole(tickets), whole(perSecond), ms(p99)]),
    ],
    [
      [
        browsers,
        'RSS',
        { en: 'live memory (after a full collection)', zh: '存活内存（完整回收之后）' },
      ],
      ...atPace.map(({ tickets, rss, live }) => [
        whole(tickets),
        mb(rss),
        `${(live / 1e6).toFixed(1)} MB`,
      ]),
    ],
  ]
}

function loginsOf(figures: Figures): Part[] {
  const { codesFromStock, codesOnDemand, wal, wechatDelayMs } = figures
  return [
    { en: '### Logins and code images', zh: '### 登录与小程序码' },
    [
      [
        { en: 'measure', zh: '指标' },
        { en: 'per second', zh: '每秒' },
      ],
      [
        {
          en: 'whole logins (create, code image, scan, confirm, deliver)',
          zh: '完整登录（创建、取码、扫码、确认、交付）',
        },
        whole(figures.loginsPerSecond),
      ],
      [
        { en: 'raw commits of that database', zh: '同一数据库的裸提交' },
        whole(figures.commitsPerSecond),
      ],
    ],
    [
      [
        { en: 'time to the code image, of 40', zh: '取得小程序码的时间，共 40 次' },
        { en: 'median', zh: '中位' },
        { en: 'worst', zh: '最差' },
      ],
      [
        { en: 'from the stock', zh: '从库存取' },
        ms(codesFromStock.median),
        ms(codesFromStock.worst),
      ],
      [
        {
          en: `without a stock, WeChat answering in ${wechatDelayMs} ms`,
          zh: `没有库存，微信 ${wechatDelayMs} 毫秒应答`,
        },
        ms(codesOnDemand.median),
        ms(codesOnDemand.worst),
      ],
    ],
    [
      [
        {
          en: `whole logins, code images of ${whole(IMAGE_BYTES)} bytes`,
          zh: `完整登录，小程序码图片 ${whole(IMAGE_BYTES)} 字节`,
        },
        { en: 'write-ahead log of a login', zh: '每次登录的预写日志' },
      ],
      [{ en: 'from a stock of 50', zh: '从 50 个的库存取' }, kb(wal.fromStock)],
      [{ en: 'without a stock', zh: '没有库存' }, kb(wal.onDemand)],
      [
        { en: 'no code image at all, the lower bound', zh: '完全不取图片（下限）' },
        kb(wal.withoutImage),
      ],
    ],
    { en: '### How it was measured', zh: '### 测量条件' },
  ]
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
