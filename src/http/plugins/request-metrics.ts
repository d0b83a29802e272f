import type { FastifyInstance, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { Counter, Histogram, type Registry } from 'prom-client'

const BEGAN = Symbol('began')
type Timed = FastifyRequest & { [BEGAN]?: number }

/**
 * Counts and times the requests of an app, by route and never by path, until the answer is ready to
 * be sent. Until it has been sent would cost a poll 12 µs instead of 2: Fastify keeps all of a
 * request that long, and listens to its end. `npm run bench` measures it.
 */
export function countRequests(registry: Registry): (app: FastifyInstance) => Promise<void> {
  const requests = new Counter({
    name: 'scenepass_http_requests_total',
    help: 'Requests answered, by route, method and status',
    labelNames: ['route', 'method', 'status'],
    registers: [registry],
  })
  const seconds = new Histogram({
    name: 'scenepass_http_request_duration_seconds',
    help: 'Time to the answer in seconds, by route and method',
    labelNames: ['route', 'method'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })
  const plugin = fp(async (app) => {
    // Fastify has a clock of its own for hooks of onResponse alone.
    app.decorateRequest(BEGAN, 0)
    app.addHook('onRequest', (request: Timed, _reply, done) => {
      request[BEGAN] = performance.now()
      done()
    })
    app.addHook('onSend', (request: Timed, reply, _payload, done) => {
      const { url: route = 'unknown' } = request.routeOptions
      const { method, [BEGAN]: began = performance.now() } = request
      requests.inc({ route, method, status: reply.statusCode })
      seconds.observe({ route, method }, (performance.now() - began) / 1000)
      done()
    })
  })
  return async (app) => void (await app.register(plugin))
}
