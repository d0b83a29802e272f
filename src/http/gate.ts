import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { FastifyServerFactory, RawServerDefault } from 'fastify'
import type { Socket } from 'node:net'

/**
 * The policy of connections: what one may do before Fastify sees a request of it. Every limit of a
 * connection is here.
 */

/**
 * Requests of one connection that may wait until the one before them is answered. Browsers and nginx
 * send one at a time; Node reads a thousand out of one packet and begins them all.
 */
const MOST_WAITING = 7
/** Headers are there within this time, and the whole request. Node swaps the two in another order. */
const HEADERS_MS = 5_000
const REQUEST_MS = 10_000
/** Longer than the 60 s after which nginx and most load balancers close an idle connection. */
const KEEP_ALIVE_MS = 65_000
/** An answer that its caller does not read is kept for so long. */
const UNREAD_MS = 20_000
const LOOK_MS = 2_000

/** Looks at a request first; true: it has answered, and nothing else sees the request. */
export type Guard = (request: IncomingMessage, response: ServerResponse) => boolean

export type Gate = {
  serverFactory: FastifyServerFactory
  use(guard: Guard): void
}

export function createGate(): Gate {
  const guards: Guard[] = []

  return {
    use: (guard) => void guards.push(guard),
    serverFactory(handler) {
      const waiting = new WeakMap<Socket, number>()
      const server: RawServerDefault = createServer(
        {
          requireHostHeader: false,
          joinDuplicateHeaders: true,
          headersTimeout: HEADERS_MS,
          requestTimeout: REQUEST_MS,
          keepAliveTimeout: KEEP_ALIVE_MS,
          connectionsCheckingInterval: LOOK_MS,
        },
        (request, response) => {
          const { socket } = request
          // Requests that Node has read already go on coming after the end of their connection.
          if (socket.destroyed) return
          // Only a response that waits for another has no socket yet: most requests pay nothing here.
          if (response.socket === null) {
            const count = (waiting.get(socket) ?? 0) + 1
            if (count > MOST_WAITING) return void socket.destroy()
            waiting.set(socket, count)
            response.once('close', () => waiting.set(socket, (waiting.get(socket) ?? 1) - 1))
          }
          if (!guards.some((guard) => guard(request, response))) handler(request, response)
        },
      )
      endUnread(server)
      return server
    },
  }
}

/**
 * Ends connections whose answer is not read: Node's own limit of time is for silence on both sides,
 * and a caller that reads a byte now and then would never reach it.
 */
function endUnread(server: RawServerDefault): void {
  const sockets = new Map<Socket, number>()
  server.on('connection', (socket) => {
    sockets.set(socket, 0)
    socket.once('close', () => sockets.delete(socket))
  })
  const look = setInterval(() => {
    for (const [socket, looks] of sockets) {
      if (looks * LOOK_MS >= UNREAD_MS) socket.destroy()
      else sockets.set(socket, socket.writableLength > 0 ? looks + 1 : 0)
    }
  }, LOOK_MS).unref()
  server.once('close', () => clearInterval(look))
}
