import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import { AppError } from '../../errors.ts'
import type { AddressLimits, Group } from '../address-limits.ts'

const MINUTE_MS = 60_000

/** Limits per address: routes opt in with `config: { rateLimit: perAddress(group, max) }`. */
export const rateLimits = fp<{ limits: AddressLimits }>(
  async (app, { limits }) => {
    await app.register(rateLimit, {
      global: false,
      store: limits.Store,
      keyGenerator: limits.keyOf,
      errorResponseBuilder: (_request, { ttl }) =>
        new AppError('RATE_LIMITED', { retryAfter: Math.max(1, Math.ceil(ttl / 1000)) }),
    })
  },
  { name: 'rate-limits' },
)

export const perAddress = (group: Group, max: number) => ({
  max,
  timeWindow: MINUTE_MS,
  groupId: `:${group}`,
})
