import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { about, isDebug, shortScene } from '../../telemetry/ticket-events.ts'

/**
 * One line an answered request, at `debug`; at `trace` for a poll that was answered, because of one
 * login there are dozens. Paths only, never queries, headers or bodies: they are where secrets,
 * tokens and login codes travel.
 */
export const requestLog = fp<{ log: FastifyBaseLogger }>(
  async (app, { log }) => {
    if (!isDebug(log)) return
    app.addHook('onResponse', (request, reply, done) => {
      const poll =
        request.routeOptions.url === '/ticket/:scene' &&
        request.method === 'GET' &&
        reply.statusCode === 200
      log[poll ? 'trace' : 'debug'](
        {
          ...about(request),
          method: request.method,
          path: pathOf(request.url),
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

/** With a ticket's short name in place of its scene, or of whatever somebody sent for one. */
const pathOf = (url: string): string =>
  (url.split('?', 1)[0] ?? '').replace(
    /^\/ticket\/([^/]{9,})/,
    (_, scene: string) => `/ticket/${shortScene(scene)}…`,
  )
