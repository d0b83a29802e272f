import type { LookupFunction } from 'node:net'
import type { Dispatcher } from 'undici'
import { AppError } from '../errors.ts'
import { messageOf } from '../operator-error.ts'
import { redact } from '../secrets.ts'
import { WechatOutage } from './failures.ts'
import { exchange, MAX_BYTES, type Failure } from './exchange.ts'
import { createOutbound, nameOfProxy, proxyTrouble } from './outbound.ts'

const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT', 'ETIMEDOUT'])

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
   * @throws {AppError} `WECHAT_TIMEOUT` when what was sent is not answered in time; `WECHAT_BUSY` when
   * there is no connection, when it breaks, or on HTTP 5xx;
   * `WECHAT_ERROR` on any other status than 200 and on a body beyond 1 MiB.
   */
  send(request: WechatRequest, timeoutMs: number): Promise<Buffer>
  /** Ends the connections, and with them what is still under way. */
  close(): Promise<void>
}

export function createTransport(options: {
  apiBase: string
  /** The URL of a proxy to go through; null: directly. */
  proxy?: string | null | undefined
  /** For tests; its owner closes it. */
  dispatcher?: Dispatcher | undefined
  /** For tests: how names are looked up, and a certificate to trust. */
  lookup?: LookupFunction | undefined
  ca?: string | undefined
}): Transport {
  const { apiBase, proxy = null, lookup, ca } = options
  const base = new URL(apiBase)
  const way: Way = {
    host: base.host,
    proxy: proxy === null ? null : nameOfProxy(proxy),
  }
  const own = createOutbound({ proxy, maxResponseSize: MAX_BYTES, lookup, ca })

  return {
    async send(request, timeoutMs) {
      const { status, bytes } = await exchange(
        options.dispatcher ?? own,
        toDispatch(base, request),
        timeoutMs,
      ).catch((failure: Failure) => {
        const { error, isLate } = failure
        const { secrets } = request
        throw failure.hasLeft || options.dispatcher
          ? translate(error, isLate, timeoutMs, secrets)
          : notConnected(error, way, isLate ? timeoutMs : null, secrets)
      })
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

    close: () => own.destroy(),
  }
}

/** The server, and the proxy on the way there, as they are named in the log. */
type Way = { host: string; proxy: string | null }

function toDispatch(
  { origin, pathname }: URL,
  { method, path, query, body, idempotent }: WechatRequest,
): Dispatcher.DispatchOptions {
  return {
    origin,
    method,
    path: `${pathname === '/' ? '' : pathname}${path}${query ? `?${new URLSearchParams(query)}` : ''}`,
    // undici takes every GET for repeatable unless told otherwise.
    idempotent,
    ...(body && {
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    }),
  }
}

/**
 * The request has not left: it was refused a connection, or got none in time. No TLS library and no
 * resolver has seen any secret, but a proxy's URL might be quoted.
 *
 * @param limitMs the limit that has passed; null when it failed before
 */
function notConnected(
  error: unknown,
  { host, proxy }: Way,
  limitMs: number | null,
  secrets: readonly string[],
): AppError {
  const at = proxy === null ? host : `${host} through the proxy ${proxy}`
  const trouble = proxyTrouble(error)
  if (proxy !== null && trouble !== null) {
    const { status, reason } = trouble
    const [what, action] =
      status === null
        ? [`the proxy ${proxy} cannot be reached: ${reason}`, PROXY_ACTIONS.unreachable]
        : status === 407
          ? [`the proxy ${proxy} wants a user and a password (HTTP 407)`, PROXY_ACTIONS.password]
          : [
              `the proxy ${proxy} does not connect to ${host} (HTTP ${status})`,
              PROXY_ACTIONS.refuses,
            ]
    return outage('network', redact(what, secrets), action, { proxy, hasLeft: false })
  }
  const what =
    limitMs === null
      ? `could not connect to ${at}: ${reasonOf(error)}`
      : `could not connect to ${at} within ${limitMs} ms`
  const action =
    proxy === null
      ? 'Check that this host reaches WECHAT_API_BASE: name resolution, firewall, certificates; where the way out is a proxy, set HTTPS_PROXY.'
      : 'Check that the proxy reaches WECHAT_API_BASE, and that its certificate is accepted here.'
  return outage('network', redact(what, secrets), action, { proxy, hasLeft: false })
}

const PROXY_ACTIONS = {
  unreachable:
    'Check HTTPS_PROXY (or HTTP_PROXY), and that the proxy runs; NO_PROXY=api.weixin.qq.com goes without it.',
  password: 'Put them into HTTPS_PROXY (or HTTP_PROXY): http://user:password@host:port.',
  refuses: 'Let the proxy connect there, or set NO_PROXY=api.weixin.qq.com to go without it.',
}

/** A code that tells more than the message, and both where the message lacks it. */
function reasonOf(error: unknown): string {
  const { code } = error as { code?: unknown }
  const text = messageOf(error)
  return typeof code === 'string' && !text.includes(code) ? `${code} ${text}` : text
}

/**
 * undici's errors may hold the URL (in the message) or the raw answer (a parser error's `data`), and
 * an error's cause ends in the log. So nothing of the original goes on but its code and clean message.
 */
function translate(
  error: unknown,
  isLate: boolean,
  timeoutMs: number,
  secrets: readonly string[],
): AppError {
  const { name = '', code, message = '' } = error as Partial<NodeJS.ErrnoException>
  // A DOMException's code is a number.
  const id = typeof code === 'string' ? code : name
  if (id === 'UND_ERR_RES_EXCEEDED_MAX_SIZE') return tooLarge()
  if (isLate || TIMEOUTS.has(id)) {
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

function outage(
  kind: WechatOutage['kind'],
  what: string,
  action: string,
  way?: ConstructorParameters<typeof WechatOutage>[2],
): AppError {
  const code = kind === 'timeout' ? 'WECHAT_TIMEOUT' : 'WECHAT_BUSY'
  return new AppError(code, { cause: new WechatOutage(what, kind, way), action })
}

function tooLarge(): AppError {
  return new AppError('WECHAT_ERROR', {
    cause: new Error(`the answer is larger than ${MAX_BYTES} bytes`),
    action:
      'WeChat sends nothing this large: check what WECHAT_API_BASE points to and every proxy on the way there.',
  })
}
