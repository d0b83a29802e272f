import type { Words } from '../language.ts'

/**
 * Whether a person looks on, who then reads sentences in both languages. A program that collects the
 * output reads JSON. A half of each, as with `npm start > log.txt`, still has a person before it.
 */
export const onTerminal = (): boolean =>
  process.stdout.isTTY === true || process.stderr.isTTY === true

/** Chinese first: most who run ScenePass read it, and a server's LANG says nothing about them. */
export const bothOf = ({ zh, en }: Words): string => (zh === en ? `${en}\n` : `${zh}\n${en}\n`)

const LEVELS: Record<string, string> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
}

/** A line of the log as a person reads it: when, how grave, what, and what else it says. */
export function readable(line: string): string {
  let fields: Record<string, unknown>
  try {
    fields = JSON.parse(line) as Record<string, unknown>
  } catch {
    return line
  }
  const { level, time, msg, err, ...others } = fields
  const at = new Date(time as string | number)
  const clock = Number.isNaN(at.getTime()) ? '' : `${at.toTimeString().slice(0, 8)} `
  const grave = LEVELS[String(level)] ?? String(level)
  const reason = (err as { message?: unknown } | undefined)?.message
  const rest = Object.entries(reason === undefined ? others : { ...others, reason }).map(
    ([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`,
  )
  return `${clock}${grave.padEnd(5)} ${[String(msg ?? ''), ...rest].join('  ')}\n`
}

/** What a person sees once it runs, in place of log lines. */
export function banner(service: {
  version: string
  sandbox: boolean
  /** Where this machine's browser opens it; no trailing slash. */
  open: string
  /** Where a phone of the same network opens it; null where none can. */
  phone: string | null
  /** Where else it listens. */
  elsewhere: readonly string[]
}): string {
  const { version, sandbox, open, phone, elsewhere } = service
  const title = sandbox
    ? '沙箱：模拟的微信，任何人都能以任何身份登录 · sandbox: not WeChat, any visitor signs in as any user'
    : ''
  const rows: [label: string, text: string][] = [
    ['打开 Open', open],
    ...elsewhere.map((url): [string, string] => ['     also', url]),
    ...(sandbox
      ? [
          [
            '手机 Phone',
            phone ??
              '同一网络的手机要访问，请设置 HOST=0.0.0.0 · set HOST=0.0.0.0 to let a phone in',
          ] as [string, string],
        ]
      : []),
    ['文档 Docs', `${open}/docs`],
    ['停止 Stop', 'Ctrl+C'],
  ]
  return [
    '',
    `ScenePass ${version}${title && ` · ${title}`}`,
    ...rows.map(([label, text]) => `  ${label.padEnd(10)} ${text}`),
    '',
    '',
  ].join('\n')
}
