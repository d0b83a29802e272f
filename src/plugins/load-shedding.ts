import { getHeapStatistics } from 'node:v8'
import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import { AppError } from '../errors.ts'

/**
 * Above capacity, requests are refused before memory grows: the event loop lags by a second, or the
 * heap is nearly full. Liveness is still answered: restarting a busy process helps nobody.
 *
 * @param options.graceMs milliseconds after the start before anything is refused
 */
export const loadShedding = fp<{ graceMs?: number }>(
  async (app, { graceMs = 3_000 }) => {
    // A process that has just started was busy starting, which is no load.
    let watchFrom = Infinity
    app.addHook('onReady', async () => {
      watchFrom = performance.now() + graceMs
    })
    await app.register(underPressure, {
      maxEventLoopDelay: 1_000,
      maxHeapUsedBytes: Math.floor(getHeapStatistics().heap_size_limit * 0.85),
      pressureHandler: (request) => {
        if (request.routeOptions.url === '/livez' || performance.now() < watchFrom) return
        throw new AppError('OVERLOADED')
      },
    })
  },
  { name: 'load-shedding' },
)
