import { parseArgs } from 'node:util'
import { sandboxAccount, sandboxOfficialAccount } from '../config/sandbox.ts'

export type SandboxArguments = {
  host: string
  port: number
  /** Base URL of the service that the phone page talks to and that pushes go to, no trailing slash. */
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
    `OA_APPID=${sandboxOfficialAccount.appid}`,
    `OA_SECRET=${sandboxOfficialAccount.secret}`,
    `OA_TOKEN=${sandboxOfficialAccount.token}`,
    `OA_AES_KEY=${sandboxOfficialAccount.aesKey}`,
    `WECHAT_API_BASE=${publicUrl}/sandbox/wechat`,
    '',
  ].join('\n')
