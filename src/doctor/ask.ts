import { once } from 'node:events'
import { request as plain, type IncomingMessage, type RequestOptions } from 'node:http'
import { request as secure } from 'node:https'
import type { TLSSocket } from 'node:tls'
import { plainAddress } from '../ip-address.ts'

const MAX_BYTES = 1024 * 1024

export type Asked = {
  method?: string
  headers?: Record<string, string>
  json?: unknown
  /** A body that is no JSON, as it is. */
  body?: string
}

export type Answer = {
  status: number
  headers: IncomingMessage['headers']
  text: string
  /** What it says, as JSON; undefined where it is none. */
  json: Record<string, unknown> | undefined
  /** Our own address on this connection. */
  own: string | null
  /** When the certificate ends, in ms since 1970; null without one. */
  certificateEnds: number | null
}

export type Ask = (url: string, asked?: Asked) => Promise<Answer>

/**
 * Requests as a browser would send them, each over a connection of its own, with what fetch does not
 * tell: the connection's addresses and its certificate. No redirect is followed.
 *
 * @param options.timeoutMs for each, from the name's resolution to the end of the body
 * @param options.ca certificates to trust beside the system's; for tests
 * @returns rejects with the system's error (`code`), or a TimeoutError
 */
export function createAsk(options: { timeoutMs: number; ca?: string | undefined }): Ask {
  return async (url, { method = 'GET', headers = {}, json, body: raw } = {}) => {
    const signal = AbortSignal.timeout(options.timeoutMs)
    const body = json === undefined ? raw : JSON.stringify(json)
    const how: RequestOptions & { ca?: string } = {
      method,
      // Without one that stays open: every connection is to be seen from its beginning.
      agent: false,
      signal,
      headers: {
        'user-agent': 'scenepass-doctor',
        ...(json === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    }
    try {
      const request = (url.startsWith('https:') ? secure : plain)(url, how)
      // Once a response has begun, its reader gets the error.
      request.on('error', () => {})
      request.end(body)
      const [response] = (await once(request, 'response')) as [IncomingMessage]
      const { socket } = response
      const certificate = url.startsWith('https:')
        ? (socket as TLSSocket).getPeerCertificate()
        : undefined
      const text = await read(response)
      return {
        own: plainAddress(socket.localAddress ?? ''),
        certificateEnds: certificate ? Date.parse(certificate.valid_to) : null,
        status: response.statusCode ?? 0,
        headers: response.headers,
        text,
        json: parse(text),
      }
    } catch (error) {
      throw signal.aborted ? signal.reason : error
    }
  }
}

async function read(response: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > MAX_BYTES) throw new Error(`the answer is larger than ${MAX_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks).toString('utf8')
}

function parse(text: string): Answer['json'] {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as Answer['json']) : undefined
  } catch {
    // The caller judges what is no JSON; the parser's words would not help.
    return undefined
  }
}
