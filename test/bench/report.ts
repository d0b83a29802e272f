import { readFileSync, writeFileSync } from 'node:fs'
import { arch, cpus, type as osType } from 'node:os'
import { format, resolveConfig } from 'prettier'
import { root } from '../fixtures/root.ts'
import {
  mb,
  micro,
  ms,
  times,
  whole,
  type Figures,
  type Language,
  type Part,
  type Row,
  type Words,
} from './figures.ts'
import { appsOf } from './report-apps.ts'
import { loginsOf } from './report-logins.ts'
import type { Rate } from './polls.ts'

const BEGIN = '<!-- bench:begin -->'
const END = '<!-- bench:end -->'

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
  return [
    ...pollsOf(figures),
    ...waitingOf(figures),
    ...appsOf(figures),
    ...loginsOf(figures),
    conditions(figures),
  ]
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

function conditions({ postgres, pinned }: Figures): Words {
  const [cpu] = cpus()
  const date = new Date().toISOString().slice(0, 10)
  const machine = `${cpus().length} × ${cpu?.model.trim() ?? arch()}, ${osType()}, Node.js ${process.versions.node}, PostgreSQL ${postgres}`
  return {
    en: `${date}, ${machine}. ${
      pinned
        ? 'The measured process had one core; the load, PostgreSQL and the simulated WeChat shared another.'
        : 'Nothing was pinned to a core.'
    } 256 kept connections without TLS, 20,000 live tickets; medians of five rounds in turn. CPU is time of the process. The write-ahead log is without whole pages and autovacuum.`,
    zh: `${date}，${machine}。${
      pinned ? '被测进程独占一个核，负载、PostgreSQL 与模拟微信共用另一个核。' : '没有绑定 CPU 核。'
    }256 个保持的连接，无 TLS，20,000 张有效票据；轮流五轮取中位数。CPU 为进程时间。预写日志不含整页与 autovacuum 所写。`,
  }
}
