import type { Language, Words } from '../language.ts'
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

/** How the doctor's sentences are written. */
export type Style = { language: Language; colours: boolean }

/** A check: what is, and what to do. Ends in a line feed. */
export const asText = ({ status, says, fix }: Result, style: Style): string =>
  line(status, says, style) + (fix ? `  → ${fix[style.language]}\n` : '')

/**
 * What is not in order, the gravest last, where the eye is when the doctor has finished.
 *
 * @returns empty where all is in order
 */
export const problems = (results: readonly Result[], style: Style): string =>
  (['unchecked', 'warning', 'failed'] as const)
    .flatMap((status) => results.filter((result) => result.status === status))
    .map((result) => asText(result, style))
    .join('')

/** The last line: the result, and what no program can check. */
export function summary(results: readonly Result[], style: Style): string {
  const bad = results.filter(({ status }) => status === 'failed').length
  if (bad > 0) {
    const says = {
      zh: `现在无法登录：${bad} 项未通过。`,
      en: `A login would not work: ${bad} of the checks failed.`,
    }
    return line('failed', says, style)
  }
  const doubts = results.filter(({ status }) => status !== 'ok').length
  if (doubts > 0) {
    const says = {
      zh: `登录可用，但有 ${doubts} 项需要留意，见上文。`,
      en: `A login works, but ${doubts} of the checks need attention: see above.`,
    }
    return line('warning', says, style)
  }
  const says = {
    zh: '现在可以登录。仍需人工确认：小程序后台的 request 合法域名，以及用手机实际扫码一次。',
    en: "A login would work. What only you can check: the request domain in WeChat's console, and one real scan.",
  }
  return line('ok', says, style)
}

function line(status: Status, says: Words, { language, colours }: Style): string {
  const { mark, colour } = marks[status]
  const shown = colours ? `\x1b[${colour}m${mark}\x1b[0m` : mark
  return `${shown} ${says[language].replaceAll('\n', '\n  ')}\n`
}

/** One JSON document for scripts. */
export function asJson(results: readonly Result[]): string {
  const checks = results.map(({ name, status, says, fix }) => ({ name, status, ...says, fix }))
  return `${JSON.stringify({ ok: wouldWork(results), checks }, null, 2)}\n`
}
