import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'
import { AppError } from '../errors.ts'

/**
 * What a proxy sent before it could know of the stop has arrived after half a second. Counted in
 * looks, not by the clock: a process that has stood still has not read yet what is there.
 */
const LOOKS = 50
const LOOK_EVERY_MS = 10

/**
 * Once a stop has begun, new connections are refused, so that a proxy takes another replica for
 * whatever it has to send. What still comes in on the old ones is answered, each time as the last on
 * its connection: a proxy repeats no POST that it has sent. `/readyz` says `SHUTTING_DOWN`.
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
      app.addHook('preClose', async () => {
        // An HTTP server's own close also ends idle connections, with what is on its way on them.
        Server.prototype.close.call(app.server)
        for (let look = 0; look < LOOKS && sockets.size > 0; look++) await sleep(LOOK_EVERY_MS)
        // Browsers and balancers open connections in advance; Node takes one for idle only once it has
        // carried a request, and would wait for these.
        for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
      })
      // Otherwise the connection of a request in flight would be kept alive when it is answered.
      app.addHook('onSend', (_request, reply, _payload, done) => {
        if (stopping) reply.header('connection', 'close')
        done()
      })
      app.addHook('onRequest', (request, _reply, done) => {
        const asked = stopping && request.routeOptions.url === '/readyz'
        done(asked ? new AppError('SHUTTING_DOWN') : undefined)
      })
    },
    { name: 'shutdown' },
  )
  return {
    begin: () => (stopping = true),
    guard: async (app) => void (await app.register(guard)),
  }
}
