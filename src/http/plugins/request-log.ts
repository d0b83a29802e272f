import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { about, isDebug, sceneOf, shortScene } from '../../telemetry/ticket-events.ts'

/**
 * One line an answered request, at `debug`; at `trace` for a poll that was answered, because of one
 * login there are dozens. Patterns of routes only, never a path as it was asked for, a query, a header
 * or a body: they are where secrets, tokens and login codes travel.
 */
export const requestLog = fp<{ log: FastifyBaseLogger }>(
  async (app, { log }) => {
    if (!isDebug(log)) return
    app.addHook('onResponse', (request, reply, done) => {
      const poll = request.routeOptions.config.poll && reply.statusCode === 200
      log[poll ? 'trace' : 'debug'](
        {
          ...about(request),
          method: request.method,
          path: shownPath(request),
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime * 10) / 10,
        },
        'answered',
      )
      done()
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
