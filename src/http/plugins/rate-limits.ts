import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import { WINDOW_MS } from '../../limits/count.ts'
import type { AddressLimits, Group } from '../address-limits.ts'
import { tooFast } from '../too-fast.ts'

/** Limits per address: routes opt in with `config: { rateLimit: perAddress(group, max) }`. */
export const rateLimits = fp<{ limits: AddressLimits }>(
  async (app, { limits }) => {
    await app.register(rateLimit, {
      global: false,
      store: limits.Store,
      keyGenerator: limits.keyOf,
      errorResponseBuilder: (_request, { ttl }) => tooFast(ttl),
    })
  },
  { name: 'rate-limits' },
)

export const perAddress = (group: Group, max: number) => ({
  max,
  timeWindow: WINDOW_MS,
  groupId: `:${group}`,
})
