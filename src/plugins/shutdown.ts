import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Socket } from 'node:net'
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
      const sockets = new Set<Socket>()
      app.server.on('connection', (socket) => {
        sockets.add(socket)
        socket.once('close', () => sockets.delete(socket))
      })
      // Browsers and balancers open connections in advance; Node takes one for idle only once it has
      // carried a request, and would wait for these.
      app.addHook('preClose', async () => {
        for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
      })
      // Otherwise the connection of a request in flight would be kept alive when it is answered.
      app.addHook('onSend', (_request, reply, _payload, done) => {
        if (stopping) reply.header('connection', 'close')
        done()
      })
      app.addHook('onRequest', (request, _reply, done) => {
        if (!stopping) return done()
        done(request.routeOptions.url === '/livez' ? undefined : new AppError('SHUTTING_DOWN'))
      })
    },
    { name: 'shutdown' },
  )
  return {
    begin: () => (stopping = true),
    guard: async (app) => void (await app.register(guard)),
  }
}
