import type { FastifyInstance, onSendHookHandler, RawServerDefault } from 'fastify'
import fp from 'fastify-plugin'
import type { ServerResponse } from 'node:http'
import { Server, type Socket } from 'node:net'
import { setTimeout as sleep } from 'node:timers/promises'

/**
 * What a proxy sent before it could know of the stop has arrived after half a second without another
 * request: of its kept connections it takes the one that it used last, so the others rest. Counted in
 * looks, not by the clock: a process that has stood still has not read yet what is there.
 */
const QUIET_LOOKS = 50
const LOOK_EVERY_MS = 10
/** Each request is the last on its connection, so they end; but not soon if they come one by one. */
const MOST_LOOKS = 300

export type Shutdown = {
  begin(): void
  /** For `/readyz`. */
  hasBegun(): boolean
  guard(app: FastifyInstance): Promise<void>
}

/**
 * Once a stop has begun, new connections are refused, so that a proxy takes another instance for
 * everything it has to send. What still comes in on the old ones is answered, each time as the last
 * on its connection: a proxy repeats no POST that it has sent. `/readyz` says `SHUTTING_DOWN`.
 */
export function createShutdown(): Shutdown {
  let stopping = false
  /** Looks since the last request. */
  let quiet = 0
  const servers: RawServerDefault[] = []
  const lastAnswer = (_request: unknown, response: ServerResponse) => {
    quiet = 0
    response.setHeader('connection', 'close')
  }
  const sayClose: onSendHookHandler = (_request, reply, _payload, done) => {
    if (stopping) reply.header('connection', 'close')
    done()
  }
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
        for (let look = 0; look < MOST_LOOKS && sockets.size > 0; look++) {
          if (quiet++ >= QUIET_LOOKS) break
          await sleep(LOOK_EVERY_MS)
        }
        // Browsers and balancers open connections in advance; Node takes one for idle only once it has
        // carried a request, and would wait for these.
        for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
      })
      servers.push(app.server)
      app.addHook('onRoute', (route) => {
        // Requests that are in flight when the stop begins. A poll is not for long enough to matter,
        // and there are too many of them to ask each one.
        if (!route.config?.poll) route.onSend = [route.onSend ?? [], sayClose].flat()
      })
    },
    { name: 'shutdown' },
  )
  return {
    begin() {
      stopping = true
      for (const server of servers) server.prependListener('request', lastAnswer)
    },
    hasBegun: () => stopping,
    guard: async (app) => void (await app.register(guard)),
  }
}
