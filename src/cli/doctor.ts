import { parseArgs } from 'node:util'
import { asJson, asText, summary, wouldWork } from '../doctor/print.ts'
import { runCommand, UsageError } from './command.ts'
import { examine } from '../doctor/examine.ts'

function wantsJson(): boolean {
  try {
    return parseArgs({ options: { json: { type: 'boolean' } } }).values.json === true
  } catch (error) {
    const { message } = error as Error
    throw new UsageError({
      en: `${message}: scenepass doctor --help`,
      zh: `用法有误，见 scenepass doctor --help：${message}`,
    })
  }
}

/** `scenepass doctor`: would a login work, and if not, what is to be done? */
await runCommand(async ({ environment, out }) => {
  const asked = wantsJson()
  const terminal = process.stdout.isTTY === true
  const colours = terminal && !process.env['NO_COLOR']
  // What is awaited stands in the last line, which the next result overwrites.
  const awaiting = (text: string) => (terminal && !asked ? out(text) : undefined)

  const results = await examine({
    env: environment(),
    onResult(result, next) {
      if (asked) return
      awaiting('\r\x1b[K')
      out(asText(result, colours))
      if (next) awaiting(`… ${next.title.zh} · ${next.title.en}`)
    },
  })
  out(asked ? asJson(results) : `\n${summary(results, colours)}`)
  process.exitCode = wouldWork(results) ? 0 : 1
})
