import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Counter, Histogram, Registry, collectDefaultMetrics } from 'prom-client'

export type Metrics = { registry: Registry; close(): void }

/** Prometheus metrics of this process; nothing is measured where nobody can read it. */
export function createMetrics(): Metrics & { observe: (app: FastifyInstance) => Promise<void> } {
  const registry = new Registry()
  collectDefaultMetrics({ register: registry })
  const requests = new Counter({
    name: 'scenepass_http_requests_total',
    help: 'Requests answered, by route, method and status',
    labelNames: ['route', 'method', 'status'],
    registers: [registry],
  })
  const duration = new Histogram({
    name: 'scenepass_http_request_duration_seconds',
    help: 'Time to the answer, by route and method',
    labelNames: ['route', 'method'],
    buckets: [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10],
    registers: [registry],
  })

  const plugin = fp(async (app) => {
    app.addHook('onResponse', async (request, reply) => {
      const route = request.routeOptions.url ?? 'unknown'
      const { method } = request
      requests.inc({ route, method, status: String(reply.statusCode) })
      duration.observe({ route, method }, reply.elapsedTime / 1000)
    })
  })

  return {
    registry,
    observe: async (app) => void (await app.register(plugin)),
    close: () => registry.clear(),
  }
}
