import type { FastifyRequest } from 'fastify'
import { hashSecret } from '../tickets/secret.ts'

/**
 * The hash of the secret that a request carries (RFC 6750, header only), or null where it carries
 * none. Two `Authorization` headers, which our server joins with a comma, carry none either: it is
 * not clear which one counts.
 */
export function bearerHash(request: FastifyRequest): string | null {
  const { authorization } = request.headers
  if (authorization === undefined) return null
  const secret = /^bearer +([A-Za-z0-9_-]{1,128})$/i.exec(authorization)?.[1]
  return secret === undefined ? null : hashSecret(secret)
}
