import Fastify, { type FastifyBaseLogger } from 'fastify'
import type { Metrics } from '../telemetry/metrics.ts'
import { listening } from './listen.ts'
import { errorHandler } from './plugins/error-handler.ts'

/**
 * The operator's own port: `GET /metrics` in Prometheus' text format, never on the public one.
 *
 * @returns stops it
 */
export async function startOps(options: {
  host: string
  port: number
  metrics: Metrics
  log: FastifyBaseLogger
}): Promise<() => Promise<void>> {
  const { registry } = options.metrics
  const app = Fastify()
  await app.register(errorHandler, { log: options.log })
  app.get('/metrics', async (_request, reply) =>
    reply.type(registry.contentType).send(await registry.metrics()),
  )
  const { host, port } = options
  const names = { host: 'OPS_HOST', port: 'OPS_PORT' }
  await listening({ host, port, names }, () => app.listen({ host, port }))
  return async () => {
    await app.close()
    options.metrics.close()
  }
}
