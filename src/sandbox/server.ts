import Fastify, {
  type FastifyBaseLogger,
  type FastifyInstance,
  type FastifyPluginAsync,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify'
import { Type } from 'typebox'
import { Agent, request as send } from 'undici'
import { AppError } from '../errors.ts'
import { errorHandler } from '../http/plugins/error-handler.ts'
import { sandbox, type SandboxOptions } from './plugin.ts'

/** Bytes of a body, in either direction. */
const MAX_BODY = 1024 * 1024
const SERVICE_TIMEOUT_MS = 15_000
const PASSED_ON = ['content-type', 'accept-language'] as const
const PASSED_BACK = ['content-type', 'retry-after'] as const

/**
 * The sandbox alone, so that several instances share one WeChat.
 *
 * @param options.service base URL of the service that the phone page talks to and that pushes go to, no trailing slash
 * @param options.publicUrl where browsers and phones reach this server, no trailing slash
 * @param options.appid the credentials that it knows, with `secret`
 */
export async function buildSandboxServer(options: {
  service: string
  publicUrl: string
  appid: string
  secret: string
  /** The service account that it has as well; it pushes to `service`. */
  officialAccount?: Omit<NonNullable<SandboxOptions['officialAccount']>, 'service'>
  log: FastifyBaseLogger
}): Promise<FastifyInstance> {
  const { service, log, officialAccount, ...account } = options
  const app = Fastify({ loggerInstance: log })
  await app.register(errorHandler)
  app.addHook('onRequest', async (_request, reply) => {
    reply.headers({
      'content-security-policy': "default-src 'self'; base-uri 'none'; frame-ancestors 'none'",
      'referrer-policy': 'no-referrer',
      'x-content-type-options': 'nosniff',
    })
  })
  await app.register(sandbox, {
    ...account,
    ...(officialAccount && { officialAccount: { ...officialAccount, service } }),
  })
  await app.register(phoneCalls, { service })
  return app
}

/** A mini program knows no CORS: the phone page's calls to the service are passed on from here. */
const phoneCalls: FastifyPluginAsync<{ service: string }> = async (app, { service }) => {
  const dispatcher = new Agent({ maxResponseSize: MAX_BODY })
  app.addHook('onClose', () => dispatcher.close())
  app.removeAllContentTypeParsers()
  app.addContentTypeParser(
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
    for (const name of PASSED_ON) {
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
  app.post('/login', forward)
  app.post('/ticket/:scene/scan', { schema: { params } }, forward)
  app.post('/ticket/:scene/deny', { schema: { params } }, forward)
}
