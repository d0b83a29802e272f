import { realpathSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import closeWithGrace from 'close-with-grace'
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { Agent, request as send } from 'undici'
import { AppError } from '../errors.ts'
import { errorHandler } from '../http/plugins/error-handler.ts'
import { SANDBOX_APPID, SANDBOX_SECRET, sandboxAccount } from '../config/sandbox.ts'
import { sandbox } from '../sandbox/plugin.ts'

const MAX_BODY = 1024 * 1024
const SERVICE_TIMEOUT_MS = 15_000
const PASSED_BACK = ['content-type', 'retry-after'] as const

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

/**
 * The sandbox alone, so that several replicas share one WeChat. A mini program knows no CORS: the
 * phone page's calls to the service are passed on from here.
 */
export async function buildSandboxServer(options: {
  service: string
  publicUrl: string
}): Promise<FastifyInstance> {
  const { service, publicUrl } = options
  // stdout is for the settings alone, so that they can be piped into a file.
  const app = Fastify({ logger: { level: 'warn', stream: process.stderr } })
  await app.register(errorHandler)

  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'content-security-policy': "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
  })

  await app.register(sandbox, { publicUrl, ...sandboxAccount })

  await app.register(async (scope) => {
    const dispatcher = new Agent({ maxResponseSize: MAX_BODY })
    scope.addHook('onClose', () => dispatcher.close())
    scope.removeAllContentTypeParsers()
    scope.addContentTypeParser(
      '*',
      { parseAs: 'buffer', bodyLimit: MAX_BODY },
      (_request, body, done) => done(null, body),
    )

    async function ask(path: string, headers: Record<string, string>, body: Buffer | undefined) {
      try {
        const answer = await send(service + path, {
          method: 'POST',
          headers,
          body: body ?? null,
          dispatcher,
          signal: AbortSignal.timeout(SERVICE_TIMEOUT_MS),
        })
        const { statusCode: status, headers: received } = answer
        return { status, headers: received, body: Buffer.from(await answer.body.arrayBuffer()) }
      } catch (cause) {
        const action = `Check that the service runs and answers at ${service} (--service).`
        throw new AppError('INTERNAL', { cause, action })
      }
    }

    async function forward(request: FastifyRequest, reply: FastifyReply) {
      const headers: Record<string, string> = {}
      for (const name of ['content-type', 'accept-language'] as const) {
        const value = request.headers[name]
        if (value !== undefined) headers[name] = value
      }
      const answer = await ask(request.url, headers, request.body as Buffer | undefined)
      for (const name of PASSED_BACK) {
        const value = answer.headers[name]
        if (value !== undefined) reply.header(name, value)
      }
      return reply.code(answer.status).header('cache-control', 'no-store').send(answer.body)
    }

    // The scene's own alphabet, so that no dots can climb to another path of the service.
    const params = Type.Object({ scene: Type.String({ pattern: '^[A-Za-z0-9_-]+$' }) })
    scope.post('/login', forward)
    scope.post('/ticket/:scene/scan', { schema: { params } }, forward)
    scope.post('/ticket/:scene/deny', { schema: { params } }, forward)
  })
  return app
}

/** What a replica needs in its environment to take this sandbox for WeChat. */
export function replicaSettings(publicUrl: string): string {
  return [
    `WECHAT_APPID=${SANDBOX_APPID}`,
    `WECHAT_SECRET=${SANDBOX_SECRET}`,
    `WECHAT_API_BASE=${publicUrl}/sandbox/wechat`,
    '',
  ].join('\n')
}

async function main(): Promise<void> {
  let settings: SandboxArguments
  try {
    settings = readArguments(process.argv.slice(2))
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n`)
    process.exitCode = 1
    return
  }
  const app = await buildSandboxServer(settings)
  closeWithGrace({ delay: 5000, logger: app.log }, async ({ err }) => {
    if (err) app.log.error(err)
    await app.close()
  })
  await app.listen({ host: settings.host, port: settings.port })
  process.stdout.write(replicaSettings(settings.publicUrl))
}

const started = process.argv[1]
if (started !== undefined && realpathSync(started) === fileURLToPath(import.meta.url)) await main()
