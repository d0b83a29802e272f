import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'

/**
 * One line an answered request, at `debug`: thousands of polls a second are not news. Paths only,
 * never queries, headers or bodies: they are where secrets, tokens and login codes travel.
 */
export const requestLog = fp<{ log: FastifyBaseLogger }>(
  async (app, { log }) => {
    if (log.level !== 'debug' && log.level !== 'trace') return
    app.addHook('onResponse', async (request, reply) => {
      log.debug(
        {
          reqId: request.id,
          method: request.method,
          path: request.url.split('?', 1)[0],
          status: reply.statusCode,
          ms: Math.round(reply.elapsedTime * 10) / 10,
        },
        'answered',
      )
    })
  },
  { name: 'request-log' },
)
