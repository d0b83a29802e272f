import { IncomingMessage, ServerResponse, type IncomingHttpHeaders } from 'node:http'
import { Socket } from 'node:net'

/** A request to the library, as it came in and was read. */
export type Asked = {
  method: string
  /** Path and query. */
  url: string
  headers: IncomingHttpHeaders
  /** At most so much of it as the service reads. */
  body: Buffer | null
  /** The caller's address. */
  ip: string
  /** What is known of the caller, for a device's approval on the phone. */
  requester: Record<string, unknown>
}

/** What the library answers; sent by the caller. */
export type Answer = {
  status: number
  headers: Record<string, number | string | string[]>
  body: string | Buffer | null
  /** What the library has refused, and why; for the log, and for the count of guesses. */
  problem: Problem | null
}

export type Problem = {
  error: string
  /** In the library's words alone. */
  detail?: string
  cause: unknown
}

/**
 * The library takes its issuer's host and scheme out of headers, and reads the body itself. So it gets
 * a request of our making: nothing that a caller sends decides about a URL or a cookie's `Secure`.
 */
export function requestOf(asked: Asked, publicUrl: URL): IncomingMessage {
  const request = new IncomingMessage(new Socket())
  const { body } = asked
  Object.assign(request, { method: asked.method, url: asked.url, httpVersion: '1.1' })
  const { 'transfer-encoding': _chunked, ...headers } = asked.headers
  request.headers = {
    ...headers,
    ...(body && { 'content-length': String(body.length) }),
    host: publicUrl.host,
    'x-forwarded-host': publicUrl.host,
    'x-forwarded-proto': publicUrl.protocol.slice(0, -1),
    'x-forwarded-for': asked.ip,
  }
  if (body) request.push(body)
  request.push(null)
  request.complete = true
  return request
}

/** Keeps what is written into it; nothing is sent. */
export const responseTo = (request: IncomingMessage): ServerResponse => new ServerResponse(request)

/** Koa's bodies: an object is JSON. */
export function textOf(body: unknown): string | Buffer | null {
  if (body === null || body === undefined) return null
  if (typeof body === 'string' || Buffer.isBuffer(body)) return body
  return JSON.stringify(body)
}
