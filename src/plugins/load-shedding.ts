import { getHeapStatistics } from 'node:v8'
import underPressure from '@fastify/under-pressure'
import fp from 'fastify-plugin'
import { AppError } from '../errors.ts'

/**
 * Above capacity, requests are refused before memory grows: the event loop lags by a second, or the
 * heap is nearly full. Liveness is still answered: restarting a busy process helps nobody.
 */
export const loadShedding = fp(
  async (app) => {
    await app.register(underPressure, {
      maxEventLoopDelay: 1_000,
      maxHeapUsedBytes: Math.floor(getHeapStatistics().heap_size_limit * 0.85),
      pressureHandler: (request) => {
        if (request.routeOptions.url === '/livez') return
        throw new AppError('OVERLOADED')
      },
    })
  },
  { name: 'load-shedding' },
)
