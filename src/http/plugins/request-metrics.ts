import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Counter, type Metric, type Registry } from 'prom-client'

/** Upper bounds in seconds; what is above the last counts in none of them. */
const BUCKETS = [0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10]

const DURATION = 'scenepass_http_request_duration_seconds'

type Series = {
  route: string
  method: string
  statuses: Map<number, number>
  /** Requests up to each bound and above the one before it. */
  buckets: number[]
  count: number
  seconds: number
}

/**
 * Counts and times the requests of an app, by route and never by path. Every poll passes here, so
 * they are counted in plain numbers, and become labels when somebody asks: prom-client's own
 * counters cost six times as much.
 */
export function countRequests(registry: Registry): (app: FastifyInstance) => Promise<void> {
  const byRoute = new Map<string, Map<string, Series>>()
  const all: Series[] = []

  function seriesOf(route: string, method: string): Series {
    let methods = byRoute.get(route)
    if (!methods) byRoute.set(route, (methods = new Map<string, Series>()))
    let series = methods.get(method)
    if (!series) {
      const buckets = Array<number>(BUCKETS.length).fill(0)
      series = { route, method, statuses: new Map(), buckets, count: 0, seconds: 0 }
      methods.set(method, series)
      all.push(series)
    }
    return series
  }

  new Counter({
    name: 'scenepass_http_requests_total',
    help: 'Requests answered, by route, method and status',
    labelNames: ['route', 'method', 'status'],
    registers: [registry],
    collect() {
      this.reset()
      for (const { route, method, statuses } of all) {
        for (const [status, count] of statuses) this.inc({ route, method, status }, count)
      }
    },
  })
  registry.registerMetric({
    name: DURATION,
    help: 'Time to the answer in seconds, by route and method',
    type: 'histogram',
    get: async () => ({
      name: DURATION,
      help: 'Time to the answer in seconds, by route and method',
      type: 'histogram',
      values: all.flatMap(samplesOf),
    }),
    // All that a registry asks of a metric; the library's types want one of its own classes.
  } as unknown as Metric)

  const plugin = fp(async (app) => {
    app.addHook('onResponse', (request, reply, done) => {
      const series = seriesOf(request.routeOptions.url ?? 'unknown', request.method)
      const seconds = reply.elapsedTime / 1000
      series.statuses.set(reply.statusCode, (series.statuses.get(reply.statusCode) ?? 0) + 1)
      series.count++
      series.seconds += seconds
      const bucket = BUCKETS.findIndex((bound) => seconds <= bound)
      if (bucket >= 0) (series.buckets[bucket] as number)++
      done()
    })
  })
  return async (app) => void (await app.register(plugin))
}

/** A histogram as Prometheus has it: each bucket counts what the ones before it do, too. */
function samplesOf({ route, method, buckets, count, seconds }: Series) {
  const labels = { route, method }
  let below = 0
  return [
    ...BUCKETS.map((le, i) => ({
      metricName: `${DURATION}_bucket`,
      labels: { le, ...labels },
      value: (below += buckets[i] as number),
    })),
    { metricName: `${DURATION}_bucket`, labels: { le: '+Inf', ...labels }, value: count },
    { metricName: `${DURATION}_sum`, labels, value: seconds },
    { metricName: `${DURATION}_count`, labels, value: count },
  ]
}
