import type { Words } from '../language.ts'
import type { Status } from './finding.ts'
import type { Result } from './run.ts'

const marks: Record<Status, { mark: string; colour: number }> = {
  ok: { mark: '✓', colour: 32 },
  warning: { mark: '!', colour: 33 },
  failed: { mark: '✗', colour: 31 },
  unchecked: { mark: '–', colour: 2 },
}

/** Whether a login would work: no check failed. */
export const wouldWork = (results: readonly Result[]): boolean =>
  results.every(({ status }) => status !== 'failed')

/** A check in both languages: what is, and what to do. Ends in a line feed. */
export function asText({ status, says, fix }: Result, colours: boolean): string {
  return lines(status, colours, says) + (fix ? `  → ${fix.zh}\n  → ${fix.en}\n` : '')
}

/** The last lines: the result, and what no program can check. */
export function summary(results: readonly Result[], colours: boolean): string {
  const bad = results.filter(({ status }) => status === 'failed').length
  if (bad > 0) {
    return lines('failed', colours, {
      zh: `现在无法登录：${bad} 项未通过。`,
      en: `A login would not work: ${bad} of the checks failed.`,
    })
  }
  const doubts = results.filter(({ status }) => status !== 'ok').length
  if (doubts > 0) {
    return lines('warning', colours, {
      zh: `登录可用，但有 ${doubts} 项需要留意，见上文。`,
      en: `A login works, but ${doubts} of the checks need attention: see above.`,
    })
  }
  return lines('ok', colours, {
    zh: '现在可以登录。仍需人工确认：小程序后台的 request 合法域名，以及用手机实际扫码一次。',
    en: "A login would work. What only you can check: the request domain in WeChat's console, and one real scan.",
  })
}

function lines(status: Status, colours: boolean, { zh, en }: Words): string {
  const { mark, colour } = marks[status]
  const shown = colours ? `\x1b[${colour}m${mark}\x1b[0m` : mark
  return `${shown} ${zh.replaceAll('\n', '\n  ')}\n  ${en.replaceAll('\n', '\n  ')}\n`
}

/** One JSON document for scripts. */
export function asJson(results: readonly Result[]): string {
  const checks = results.map(({ name, status, says, fix }) => ({ name, status, ...says, fix }))
  return `${JSON.stringify({ ok: wouldWork(results), checks }, null, 2)}\n`
}
