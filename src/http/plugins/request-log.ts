import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { about, isDebug, shortScene } from '../../telemetry/ticket-events.ts'
import { pathOf } from '../route-pattern.ts'

/**
 * One line an answered request, at `debug`; at `trace` for a poll that was answered, because of one
 * login there are dozens. Paths only, never queries, headers or bodies: they are where secrets,
 * tokens and login codes travel.
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

const shorten = (part: string): string => (part.length > 8 ? `${shortScene(part)}…` : part)

/** The route's path with a ticket's short name in it; of an unknown path the beginning of each part. */
function shownPath(request: FastifyRequest): string {
  const { url: pattern } = request.routeOptions
  if (pattern === undefined || pattern.includes('*')) {
    return pathOf(request.url).split('/').map(shorten).join('/')
  }
  const params = request.params as Record<string, string>
  return pattern.replace(/:(\w+)/g, (_, name: string) => shorten(params[name] ?? ''))
}
