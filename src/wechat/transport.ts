import { Agent, request as send, type Dispatcher } from 'undici'
import { AppError } from '../errors.ts'
import { WechatOutage } from './failures.ts'
import { redact } from '../secrets.ts'

/** A code image has some 200 kB; an answer beyond this is not WeChat's. */
const MAX_BYTES = 1024 * 1024

const TIMEOUTS = new Set([
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'ETIMEDOUT',
])

export type WechatRequest = {
  method: 'GET' | 'POST'
  /** Below the API's base, with a leading slash. */
  path: string
  query?: Record<string, string>
  body?: Record<string, unknown>
  /** Whether undici may send it again over another connection. */
  idempotent: boolean
  /** Values of this request that no error may repeat. */
  secrets: readonly string[]
}

export type Transport = {
  /**
   * Sends one request once and reads the answer's body, all within `timeoutMs`.
   *
   * @throws {AppError} `WECHAT_TIMEOUT`; `WECHAT_BUSY` when the connection fails or on HTTP 5xx;
   * `WECHAT_ERROR` on any other status than 200 and on a body beyond 1 MiB.
   */
  send(request: WechatRequest, timeoutMs: number): Promise<Buffer>
  /** Ends the connections, and with them what is still under way. */
  close(): Promise<void>
}

export function createTransport(options: {
  apiBase: string
  /** For tests; its owner closes it. */
  dispatcher?: Dispatcher | undefined
}): Transport {
  const { apiBase } = options
  const agent = options.dispatcher ?? new Agent({ maxResponseSize: MAX_BYTES })

  return {
    async send(request, timeoutMs) {
      const query = request.query === undefined ? '' : `?${new URLSearchParams(request.query)}`
      const signal = AbortSignal.timeout(timeoutMs)
      let status: number
      let bytes: Buffer | undefined
      try {
        const reply = await send(`${apiBase}${request.path}${query}`, {
          dispatcher: agent,
          method: request.method,
          // undici takes every GET for repeatable unless told otherwise.
          idempotent: request.idempotent,
          ...(request.body === undefined
            ? {}
            : {
                headers: { 'content-type': 'application/json' },
                body: JSON.stringify(request.body),
              }),
          signal,
        })
        status = reply.statusCode
        bytes = await readBounded(reply.body)
      } catch (error) {
        throw translate(error, signal, timeoutMs, request.secrets)
      }
      if (bytes === undefined) throw tooLarge()
      if (status >= 500) {
        throw outage(
          'http_5xx',
          `HTTP ${status}`,
          'If the problem persists, look for a proxy on the way to WECHAT_API_BASE; without one WeChat is in trouble, and there is nothing to do but wait.',
        )
      }
      if (status !== 200) {
        throw new AppError('WECHAT_ERROR', {
          cause: new Error(`HTTP ${status}`),
          action: `WeChat answers 200 even to errors, so HTTP ${status} comes from something else: check what WECHAT_API_BASE points to and every proxy on the way there.`,
        })
      }
      return bytes
    },

    async close() {
      if (options.dispatcher === undefined) await agent.destroy()
    },
  }
}

/** The whole body, or undefined when it is beyond the limit. */
async function readBounded(body: AsyncIterable<Buffer>): Promise<Buffer | undefined> {
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of body) {
    length += chunk.length
    if (length > MAX_BYTES) return undefined
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

/**
 * undici's errors may hold the URL (in the message) or the raw answer (a parser error's `data`), and
 * an error's cause ends in the log. So nothing of the original goes on but its code and clean message.
 */
function translate(
  error: unknown,
  signal: AbortSignal,
  timeoutMs: number,
  secrets: readonly string[],
): AppError {
  const { name = '', code, message = '' } = error as Partial<NodeJS.ErrnoException>
  // A DOMException's code is a number, and a failed connection to several addresses has no message.
  const id = typeof code === 'string' ? code : name
  if (id === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return tooLarge()
  if (signal.aborted || TIMEOUTS.has(id)) {
    return outage(
      'timeout',
      `no complete answer within ${timeoutMs} ms`,
      'If the problem persists, check the network between here and WECHAT_API_BASE, or raise WECHAT_TIMEOUT_MS.',
    )
  }
  if (name === 'HTTPParserError') {
    return new AppError('WECHAT_ERROR', {
      cause: new Error('the answer is not HTTP'),
      action: 'Check that WECHAT_API_BASE points to an HTTP API, with the right scheme and port.',
    })
  }
  return outage(
    'network',
    redact(`${id} ${message}`.trim(), secrets),
    'Check that this host reaches WECHAT_API_BASE: name resolution, firewall, proxy, certificates.',
  )
}

function outage(kind: WechatOutage['kind'], what: string, action: string): AppError {
  const code = kind === 'timeout' ? 'WECHAT_TIMEOUT' : 'WECHAT_BUSY'
  return new AppError(code, { cause: new WechatOutage(what, kind), action })
}

function tooLarge(): AppError {
  return new AppError('WECHAT_ERROR', {
    cause: new Error(`the answer is larger than ${MAX_BYTES} bytes`),
    action:
      'WeChat sends nothing this large: check what WECHAT_API_BASE points to and every proxy on the way there.',
  })
}
