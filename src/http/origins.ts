import type { FastifyRequest } from 'fastify'

/**
 * Which pages may call us. In the list, `http://localhost:*` stands for every port of that host, with
 * none among them.
 */
export type Origins = {
  /** Whether pages of other origins may call at all. */
  any: boolean
  isListed(origin: string): boolean
  /** Whether a request comes from a listed page, one of our own, or no page at all. */
  isOurs(request: FastifyRequest): boolean
}

export function createOrigins(list: readonly string[], publicUrl: string): Origins {
  const listed = new Set(list)
  const own = new URL(publicUrl).origin
  const isListed = (origin: string) =>
    listed.has(origin) || listed.has(origin.replace(/(:\d{1,5})?$/, ':*'))
  return {
    any: listed.size > 0,
    isListed,
    isOurs: ({ headers: { origin, host } }) =>
      origin === undefined ||
      origin === own ||
      isListed(origin) ||
      origin.replace(/^https?:\/\//, '') === host,
  }
}
