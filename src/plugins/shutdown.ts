import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../errors.ts'

/**
 * Once a stop has begun, requests that are already in are finished and new ones are sent to another
 * replica with `SHUTTING_DOWN`, `/readyz` among them, so that a load balancer looks away.
 */
export function createShutdown(): {
  begin: () => void
  guard: (app: FastifyInstance) => Promise<void>
} {
  let stopping = false
  const guard = fp(
    async (app) => {
      app.addHook('onRequest', async (request, reply) => {
        if (!stopping) return
        reply.header('connection', 'close')
        if (request.routeOptions.url !== '/livez') throw new AppError('SHUTTING_DOWN')
      })
    },
    { name: 'shutdown' },
  )
  return {
    begin: () => (stopping = true),
    guard: async (app) => void (await app.register(guard)),
  }
}
