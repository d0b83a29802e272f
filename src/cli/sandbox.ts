import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import closeWithGrace from 'close-with-grace'
import { sandboxAccount } from '../config/sandbox.ts'
import { listening } from '../http/listen.ts'
import { buildSandboxServer } from '../sandbox/server.ts'
import { runCommand, type Program } from './command.ts'

export type SandboxArguments = {
  host: string
  port: number
  /** Base URL of the service the phone page talks to, no trailing slash. */
  service: string
  /** Where browsers and phones reach this server, no trailing slash. */
  publicUrl: string
}

function baseUrl(option: string, value: string): string {
  const url = URL.canParse(value) ? new URL(value) : null
  if (url === null || !/^https?:$/.test(url.protocol) || url.search !== '' || url.hash !== '') {
    throw new TypeError(
      `--${option} must be an http(s) URL such as http://127.0.0.1:3000, not "${value}"`,
    )
  }
  return url.href.replace(/\/+$/, '')
}

/** Reads the command line. Throws TypeError with a message for the person who typed it. */
export function readArguments(args: string[]): SandboxArguments {
  const { values } = parseArgs({
    args,
    options: {
      host: { type: 'string', default: '127.0.0.1' },
      port: { type: 'string', default: '4000' },
      service: { type: 'string', default: 'http://127.0.0.1:3000' },
      'public-url': { type: 'string' },
    },
  })
  const { host, service } = values
  const port = /^\d{1,5}$/.test(values.port) ? Number(values.port) : 0
  if (port < 1 || port > 65535) {
    throw new TypeError(`--port must be a number from 1 to 65535, not "${values.port}"`)
  }
  if (!/^[^\s/]+$/.test(host)) {
    throw new TypeError(`--host must be an address such as 127.0.0.1, not "${host}"`)
  }
  const own = `http://${host.includes(':') ? `[${host}]` : host}:${port}`
  return {
    host,
    port,
    service: baseUrl('service', service),
    publicUrl: baseUrl('public-url', values['public-url'] ?? own),
  }
}

/** What an instance needs in its environment to take this sandbox for WeChat. */
export const instanceSettings = (publicUrl: string): string =>
  [
    `WECHAT_APPID=${sandboxAccount.appid}`,
    `WECHAT_SECRET=${sandboxAccount.secret}`,
    `WECHAT_API_BASE=${publicUrl}/sandbox/wechat`,
    '',
  ].join('\n')

/** `npm run sandbox`: the simulated WeChat alone. */
async function main(program: Program): Promise<void> {
  const { host, port, ...urls } = readArguments(process.argv.slice(2))
  // stdout is for the settings alone, so that they can be piped into a file.
  const log = program.log('warn', 'stderr')
  const app = await buildSandboxServer({ ...urls, ...sandboxAccount, log })
  const names = { host: '--host', port: '--port' }
  await listening({ host, port, names }, () => app.listen({ host, port }))
  closeWithGrace({ delay: 5000, logger: log }, async ({ err }) => {
    if (err) log.error(err)
    await app.close()
  })
  // Not through the program: these credentials are no secret, and may be in this shell already.
  process.stdout.write(instanceSettings(urls.publicUrl))
}

const started = process.argv[1]
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)) {
  await runCommand(main)
}
