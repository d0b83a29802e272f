import rateLimit from '@fastify/rate-limit'
import fp from 'fastify-plugin'
import type { AddressLimits, Group } from '../address-limits.ts'
import { tooFast } from '../too-fast.ts'

const MINUTE_MS = 60_000

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
  timeWindow: MINUTE_MS,
  groupId: `:${group}`,
})
