import { Agent, get } from 'node:http'
// Not the settings: to load them takes longer than to ask.
import { LISTEN, localUrl } from '../config/urls.ts'
import { convert } from '../config/values.ts'
import { runCommand } from './command.ts'
import { OperatorError } from '../operator-error.ts'

/** Those who ask give up after a time of their own; Docker's is 30 seconds. */
const LIMIT_MS = 5_000

type Answer = { status: number; body: string }

/** `scenepass health`: can the service on this machine serve? */
await runCommand(async ({ environment, out, err }) => {
  const env = environment()
  const value = (name: 'HOST' | 'PORT') => env[name]?.trim() || String(LISTEN[name])
  const port = convert(value('PORT'), 'integer')
  if (typeof port !== 'number' || port < 1 || port > 65_535) {
    throw new OperatorError({
      en: `PORT must be the port that the service listens on, not "${value('PORT')}".`,
      zh: `PORT 须为服务监听的端口号，而不是“${value('PORT')}”。`,
    })
  }
  const url = `${localUrl(value('HOST'), port)}/readyz`
  const { status, body } = await ask(url)
  if (status === 200) return out(`服务可用 · It can serve: ${url}\n`)
  err(`服务不可用 · It cannot serve: ${url} answered ${status} ${reasonIn(body)}\n`)
  process.exitCode = 1
})

/** A proxy of the environment has no part in this: the agent is one that knows of none. */
function ask(url: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const fail = (zh: string, en: string) =>
      reject(new OperatorError({ en: `${en}: ${url}`, zh: `${zh}：${url}` }))
    const request = get(url, { agent: new Agent() }, (response) => {
      let body = ''
      response.setEncoding('utf8').on('data', (chunk: string) => (body += chunk.slice(0, 10_000)))
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }))
      response.on('error', () => fail('服务没有答完', 'The service broke off its answer'))
    })
    const limit = setTimeout(() => {
      fail(`${LIMIT_MS / 1000} 秒内没有回答`, `No answer within ${LIMIT_MS / 1000} seconds`)
      request.destroy()
    }, LIMIT_MS)
    request.on('close', () => clearTimeout(limit))
    request.on('error', ({ code = '' }: NodeJS.ErrnoException) =>
      fail(
        '连不上服务，请检查它是否已启动、HOST 和 PORT 是否与它的相同',
        `Nothing answers (${code}); check that it is started, with the same HOST and PORT`,
      ),
    )
  })
}

/** The code and the message of our own errors; nothing of what another program answers. */
function reasonIn(body: string): string {
  try {
    const { code, message } = JSON.parse(body) as { code?: unknown; message?: unknown }
    if (typeof code === 'string' && typeof message === 'string') return `${code}: ${message}`
  } catch {
    // No JSON, so none of our answers.
  }
  return '(HOST 和 PORT 处的可能是别的程序 · this may be another program)'
}
