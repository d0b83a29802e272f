import type { FastifyBaseLogger, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import type { Socket } from 'node:net'
import { AppError } from '../errors.ts'
import { errorBody, sendError, toAppError } from './error-response.ts'

/** On every answer, also where there is no route. */
const NO_SNIFFING = { 'x-content-type-options': 'nosniff' }

/** What Fastify refuses before it has found a route: a URL that cannot be decoded, say. */
export const frameworkErrors =
  (log: FastifyBaseLogger) =>
  (error: Error, request: FastifyRequest, reply: FastifyReply): void =>
    sendError(toAppError(error), request, reply.headers(NO_SNIFFING), log)

const REASONS: Record<string, string> = {
  HPE_HEADER_OVERFLOW: 'its headers are too large',
  ERR_HTTP_REQUEST_TIMEOUT: 'it did not arrive completely in time',
}

/**
 * What Node refuses before it is a request: broken HTTP, headers that do not end. The answer is the
 * catalogue's all the same; a connection that is gone gets none.
 */
export function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const detail = REASONS[error.code ?? ''] ?? 'it is not valid HTTP/1.1'
  const body = JSON.stringify(errorBody(new AppError('INVALID_REQUEST', { detail }), 'en', ''))
  socket.end(
    'HTTP/1.1 400 Bad Request\r\n' +
      'Content-Type: application/json; charset=utf-8\r\n' +
      'Cache-Control: no-store\r\n' +
      `Content-Length: ${Buffer.byteLength(body)}\r\n` +
      `Connection: close\r\n\r\n${body}`,
  )
}

/**
 * What Node would answer by itself, without the catalogue: `Expect`, `CONNECT`, headers that are
 * there twice. Needs a server that joins duplicate headers: otherwise Node keeps the first and drops
 * the others.
 */
export function answerEverything(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request, response) =>
    app.server.emit('request', request, response),
  )
  app.server.on('connect', (_request, socket) =>
    clientErrorHandler(new Error('CONNECT is for proxies'), socket as Socket),
  )
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(NO_SNIFFING)
    const { headers, httpVersion } = request.raw
    const { host, 'content-type': contentType } = headers
    if (host === undefined ? httpVersion === '1.1' : host.includes(',')) {
      done(new AppError('INVALID_REQUEST', { detail: 'the header Host must be there once' }))
    } else if (contentType?.includes(', ')) {
      done(new AppError('INVALID_REQUEST', { detail: 'the header Content-Type is there twice' }))
    } else {
      done()
    }
  })
}
