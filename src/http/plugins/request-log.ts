import type {
  FastifyBaseLogger,
  FastifyRequest,
  onRequestHookHandler,
  onSendHookHandler,
} from 'fastify'
import fp from 'fastify-plugin'
import { about, isDebug, sceneOf, shortScene } from '../../telemetry/ticket-events.ts'

const BEGAN = Symbol('began')
type Timed = FastifyRequest & { [BEGAN]?: number }

/**
 * One line an answered request, at `debug`; at `trace` for a poll that was answered, because of one
 * login there are dozens. The level may change while the process runs, so the hooks are always there,
 * but for polls: those of a process that did not start at `debug` are not told, because two hooks cost
 * each of them a tenth of its time. Patterns of routes only, never a path as it was asked for, a query,
 * a header or a body: they are where secrets, tokens and login codes travel.
 */
export const requestLog = fp<{ log: FastifyBaseLogger }>(
  async (app, { log }) => {
    app.decorateRequest(BEGAN, 0)
    const begin: onRequestHookHandler = (request: Timed, _reply, done) => {
      if (isDebug(log)) request[BEGAN] = performance.now()
      done()
    }
    const tell: onSendHookHandler = (request: Timed, reply, _payload, done) => {
      if (!isDebug(log)) return done()
      const { [BEGAN]: began } = request
      const poll = request.routeOptions.config.poll && reply.statusCode === 200
      log[poll ? 'trace' : 'debug'](
        {
          ...about(request),
          method: request.method,
          path: shownPath(request),
          status: reply.statusCode,
          // Asked before the log was at this level, it has no beginning.
          ...(began ? { ms: Math.round((performance.now() - began) * 10) / 10 } : {}),
        },
        'answered',
      )
      done()
    }
    if (isDebug(log)) {
      app.addHook('onRequest', begin)
      app.addHook('onSend', tell)
      return
    }
    app.addHook('onRoute', (route) => {
      if (route.config?.poll) return
      route.onRequest = [begin, route.onRequest ?? []].flat()
      route.onSend = [route.onSend ?? [], tell].flat()
    })
  },
  { name: 'request-log' },
)

/**
 * The route's pattern with a ticket's short name in it. What else a caller writes in that place, and a
 * path that is no route's, is their own text: it may be a secret, and no text of theirs is logged.
 */
function shownPath(request: FastifyRequest): string | null {
  const { url: pattern } = request.routeOptions
  if (pattern === undefined || request.is404) return null
  const scene = sceneOf({ params: request.params, body: null })
  return scene === undefined ? pattern : pattern.replace(':scene', `${shortScene(scene)}…`)
}
