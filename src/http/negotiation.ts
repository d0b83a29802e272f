import type { FastifyReply } from 'fastify'

/** Adds a request header to `Vary` (RFC 9110), beside what others have put there. */
export function varyBy(reply: FastifyReply, header: string): void {
  const vary = reply.getHeader('vary')
  reply.header('vary', vary ? `${String(vary)}, ${header}` : header)
}
