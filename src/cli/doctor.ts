import { parseArgs } from 'node:util'
import { asJson, asText, problems, summary, wouldWork } from '../doctor/print.ts'
import type { Language } from '../language.ts'
import { runCommand, UsageError } from './command.ts'
import { examine } from '../doctor/examine.ts'

function readArguments(): { json: boolean; lang: string | undefined } {
  try {
    const { json = false, lang } = parseArgs({
      options: { json: { type: 'boolean' }, lang: { type: 'string' } },
    }).values
    return { json, lang }
  } catch (error) {
    const { message } = error as Error
    throw new UsageError({
      en: `${message}: scenepass doctor --help`,
      zh: `用法有误，见 scenepass doctor --help：${message}`,
    })
  }
}

/**
 * One language at a time: the one that is asked for, or that of the terminal (POSIX: `LC_ALL`, else
 * `LC_MESSAGES`, else `LANG`). A server whose terminal names none is most often a Chinese one.
 */
function languageOf(asked: string | undefined, env: NodeJS.ProcessEnv): Language {
  if (asked !== undefined && !/^(zh|en)$/.test(asked)) {
    throw new UsageError({
      en: `--lang must be zh or en, not "${asked}".`,
      zh: `--lang 应为 zh 或 en，而不是“${asked}”。`,
    })
  }
  const named = asked ?? (env['LC_ALL'] || env['LC_MESSAGES'] || env['LANG'] || 'C')
  return /^(zh|C\b|POSIX$)/.test(named) ? 'zh' : 'en'
}

/** `scenepass doctor`: would a login work, and if not, what is to be done? */
await runCommand(async ({ environment, out }) => {
  const { json, lang } = readArguments()
  const terminal = process.stdout.isTTY === true
  const language = languageOf(lang, process.env)
  const style = { language, colours: terminal && !process.env['NO_COLOR'] }
  // What is awaited stands in the last line, which the next result overwrites.
  const awaiting = (text: string) => (terminal && !json ? out(text) : undefined)
  if (!json) out(language === 'zh' ? '(English: --lang en)\n' : '（中文：--lang zh）\n')

  const results = await examine({
    env: environment(),
    onResult(result, next) {
      if (json) return
      awaiting('\r\x1b[K')
      if (result.status === 'ok') out(asText(result, style))
      if (next) awaiting(`… ${next.title[language]}`)
    },
  })
  if (json) out(asJson(results))
  else {
    const wrong = problems(results, style)
    out(`${wrong && `\n${wrong}`}\n${summary(results, style)}`)
  }
  process.exitCode = wouldWork(results) ? 0 : 1
})
