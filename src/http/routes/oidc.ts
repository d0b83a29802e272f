import type { FastifyBaseLogger, FastifyPluginAsync, FastifyReply, FastifyRequest } from 'fastify'
import { AppError } from '../../errors.ts'
import { PATHS } from '../../oidc/configuration.ts'
import type { Answer, Problem } from '../../oidc/exchange.ts'
import type { OpenIdProvider } from '../../oidc/provider.ts'
import { about, isDebug } from '../../telemetry/ticket-events.ts'
import type { GuessLimit } from '../guess-limit.ts'
import { perAddress } from '../plugins/rate-limits.ts'
import { requesterOf, type CountryOf } from '../requester.ts'

export type OidcRoutesOptions = {
  provider: OpenIdProvider
  log: FastifyBaseLogger
  /** Interactions and device codes that an address may begin in a minute, with its tickets. */
  perMinute: number
  countryOf: CountryOf
  guesses: GuessLimit
}

/** Wrong secrets, and codes and tokens that are none. */
const MISSES = new Set(['invalid_client', 'invalid_grant'])
/** Of a device that waits there are dozens. */
const EXPECTED = new Set(['authorization_pending', 'slow_down'])

const FORM = /^application\/x-www-form-urlencoded *(;|$)/i
const DISCOVERY = ['/.well-known/openid-configuration', '/.well-known/oauth-authorization-server']

/** OpenID Connect and the device grant, as their standards have them: the protocol library answers. */
export const oidcRoutes: FastifyPluginAsync<OidcRoutesOptions> = async (
  app,
  { provider, log, perMinute, countryOf, guesses },
) => {
  // Read up to the service's limit, and left as it is: the library takes it apart.
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))

  async function ask(request: FastifyRequest): Promise<Answer> {
    const answer = await provider.answer({
      method: request.method,
      url: request.url,
      headers: request.headers,
      body: Buffer.isBuffer(request.body) ? request.body : null,
      ip: request.ip,
      requester: requesterOf(request, countryOf),
    })
    if (answer.problem) tell(answer.problem, request, log)
    return answer
  }

  /** A miss is answered as the standard wants it, unless its address guesses too much. */
  async function askGuarded(request: FastifyRequest): Promise<Answer> {
    let answer: Answer | undefined
    try {
      await guesses.run(request, async () => {
        answer = await ask(request)
        if (MISSES.has(answer.problem?.error ?? '')) throw new AppError('BAD_SECRET')
      })
    } catch (error) {
      if (!(error instanceof AppError && error.code === 'BAD_SECRET')) throw error
    }
    return answer as Answer
  }

  const plain = async (request: FastifyRequest, reply: FastifyReply) =>
    send(await ask(request), reply)
  const guarded = async (request: FastifyRequest, reply: FastifyReply) =>
    send(await askGuarded(request), reply)

  const config = { audience: 'site' } as const
  const limited = { ...config, rateLimit: perAddress('create', perMinute) }
  const schema = { hide: true }

  for (const url of DISCOVERY) {
    app.get(url, { config, schema }, plain)
    app.options(url, { config, schema }, plain)
  }

  const get = { exposeHeadRoute: false, schema }
  app.get(PATHS.authorization, { ...get, config: limited }, plain)
  app.post(PATHS.authorization, { schema, config: limited }, (request, reply) => {
    // The library takes it as a query alone.
    if (!FORM.test(request.headers['content-type'] ?? '') || !Buffer.isBuffer(request.body)) {
      throw new AppError('INVALID_REQUEST', { detail: 'the body must be a form' })
    }
    const query = new URLSearchParams(request.body.toString('utf8'))
    return reply.redirect(`${PATHS.authorization}?${query}`, 303)
  })
  app.get(`${PATHS.authorization}/:uid`, { ...get, config }, plain)

  app.get(PATHS.userinfo, { ...get, config }, plain)
  app.post(PATHS.userinfo, { schema, config }, plain)
  app.post(PATHS.device_authorization, { schema, config: limited }, guarded)
  for (const url of [PATHS.token, PATHS.revocation, PATHS.introspection]) {
    app.post(url, { schema, config }, guarded)
  }
  const calledByPages = [
    PATHS.userinfo,
    PATHS.token,
    PATHS.revocation,
    PATHS.introspection,
    PATHS.device_authorization,
  ]
  for (const url of calledByPages) app.options(url, { schema, config }, plain)

  app.get(PATHS.end_session, { ...get, config }, plain)
  app.post(`${PATHS.end_session}/confirm`, { schema, config }, plain)
  app.get(`${PATHS.end_session}/success`, { ...get, config }, plain)
}

function send({ status, headers, body }: Answer, reply: FastifyReply): FastifyReply {
  for (const [name, value] of Object.entries(headers)) reply.header(name, value)
  return reply
    .code(status)
    .serializer(String)
    .send(body ?? '')
}

/** Without what the caller wrote: that may be a secret in the wrong place. */
function tell({ error, detail, cause }: Problem, request: FastifyRequest, log: FastifyBaseLogger) {
  const line = { ...about(request), route: request.routeOptions.url, error, detail }
  if (error === 'server_error' || error === 'temporarily_unavailable') {
    return log.error({ ...line, err: cause }, 'request failed')
  }
  if (!isDebug(log)) return undefined
  return log[EXPECTED.has(error) ? 'trace' : 'debug'](line, 'request refused')
}
