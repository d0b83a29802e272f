import type { FastifyRequest } from 'fastify'
import { AppError } from '../errors.ts'
import { hashSecret } from '../tickets/secret.ts'

/**
 * The hash of the secret that a request carries (RFC 6750, header only), or null where it carries
 * none. A request with two `Authorization` headers carries none: it is not clear which one counts.
 */
export function bearerHash(request: FastifyRequest): Buffer | null {
  const { authorization } = request.headers
  if (authorization === undefined || repeated(request.raw.rawHeaders)) return null
  const secret = /^bearer +([A-Za-z0-9_-]{1,128})$/i.exec(authorization)?.[1]
  return secret === undefined ? null : hashSecret(secret)
}

/** Node keeps the first of several and drops the others without a word. */
function repeated(rawHeaders: string[]): boolean {
  let seen = 0
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    if (name.length === 13 && name.toLowerCase() === 'authorization') seen++
  }
  return seen > 1
}

export const badSecret = (): AppError => new AppError('BAD_SECRET')
