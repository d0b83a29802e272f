import accepts from 'accepts'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Language } from '../language.ts'

/** Adds a request header to `Vary` (RFC 9110), beside what others have put there. */
export function varyBy(reply: FastifyReply, header: string): void {
  const vary = reply.getHeader('vary')
  // It says more than any list.
  if (vary === '*') return
  reply.header('vary', vary ? `${String(vary)}, ${header}` : header)
}

/**
 * The caller's language of our two (RFC 9110, `Accept-Language`).
 *
 * @param otherwise for a caller that names none; people who read neither get English
 */
export function languageOf(request: FastifyRequest, otherwise: Language): Language {
  if (!request.headers['accept-language']) return otherwise
  const best = accepts(request.raw).language(otherwise === 'zh' ? ['zh', 'en'] : ['en', 'zh'])
  return best === 'zh' ? 'zh' : 'en'
}

/** Whether the caller wants to read it: a program that takes anything gets JSON. */
export const wantsHtml = (request: FastifyRequest): boolean =>
  accepts(request.raw).type(['json', 'html']) === 'html'
