import { parseArgs } from 'node:util'
import { asJson, asText, summary, wouldWork } from '../doctor/print.ts'
import { runCommand } from './command.ts'
import { examine } from '../doctor/examine.ts'

const usage = `npm run doctor
npm run --silent doctor -- --json

  Checks this set-up and says what to do. Run it with the settings of the service, on the machine of
  the service, while that runs. It changes nothing: three tickets are created and canceled at once.
  检查当前部署并给出处理办法。请在服务所在的机器上、用服务的配置、在服务运行时执行。
  它不改动任何数据，只会创建三个票据并立即取消。

  --json   one JSON document instead of text · 输出一个 JSON 文档，供脚本使用
  --help   this text · 本说明

  Exit status · 退出状态: 0 a login would work · 可以登录; 1 it would not · 不能登录; 2 wrong usage · 用法有误
`

type Options = { json?: boolean | undefined; help?: boolean | undefined }

function readOptions(err: (text: string) => void): Options | null {
  try {
    const options = { json: { type: 'boolean' }, help: { type: 'boolean' } } as const
    return parseArgs({ options }).values
  } catch (error) {
    err(`${(error as Error).message}\n\n${usage}`)
    return null
  }
}

/** `npm run doctor`: would a login work, and if not, what is to be done? */
await runCommand(async ({ environment, out, err }) => {
  const options = readOptions(err)
  if (options === null) {
    process.exitCode = 2
    return
  }
  if (options.help === true) {
    out(usage)
    return
  }
  const terminal = process.stdout.isTTY === true
  const colours = terminal && !process.env['NO_COLOR']
  const asked = options.json === true
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
