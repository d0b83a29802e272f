import type { LookupFunction } from 'node:net'
import { Agent, Pool, ProxyAgent, type buildConnector, type Dispatcher } from 'undici'
import { messageOf } from '../operator-error.ts'

/**
 * For each address of a name. Node gives each 250 ms, in which a server at the other side of the world
 * does not even shake hands, and then takes the next one.
 */
const ADDRESS_MS = 1_500
/** For all of them; a call has a limit of its own. */
const CONNECT_MS = 10_000

/** The proxy itself is in trouble, not what is behind it. */
export class ProxyFailure extends Error {
  override name = 'ProxyFailure'
}

/** What a proxy answers to a wish to be connected, where that is not 200: undici has it in words alone. */
const REFUSED_BY_PROXY = /^Proxy response \((\d{3})\)/

/**
 * The connections of calls to one server, directly or through a proxy.
 *
 * @param options.proxy its URL, with user and password where it wants them; null: directly
 * @param options.lookup for tests
 * @param options.ca certificates to trust, for tests
 */
export function createOutbound(options: {
  proxy: string | null
  maxResponseSize?: number
  lookup?: LookupFunction | undefined
  ca?: string | undefined
}): Dispatcher {
  const { proxy, maxResponseSize = -1, lookup, ca } = options
  const connect = {
    timeout: CONNECT_MS,
    autoSelectFamily: true,
    autoSelectFamilyAttemptTimeout: ADDRESS_MS,
    ...(lookup && { lookup }),
    ...(ca !== undefined && { ca }),
  }
  if (proxy === null) return new Agent({ connect, maxResponseSize })
  const { uri, token } = withoutCredentials(proxy)
  return new ProxyAgent({
    uri,
    ...(token !== null && { token }),
    maxResponseSize,
    proxyTls: connect,
    requestTls: { timeout: CONNECT_MS, ...(ca !== undefined && { ca }) },
    clientFactory: (origin, opts) => {
      const { connect: toProxy } = opts as { connect: buildConnector.connector }
      return new Pool(origin, { connect: telling(toProxy), headersTimeout: CONNECT_MS })
    },
  })
}

/** So that an error tells which of the two connections it is of. */
const telling =
  (connect: buildConnector.connector): buildConnector.connector =>
  (options, callback) =>
    connect(options, (...[error, socket]) =>
      error === null
        ? callback(null, socket)
        : callback(new ProxyFailure(`${codeOf(error)} ${messageOf(error)}`.trim()), null),
    )

const codeOf = (error: Error): string => {
  const { code } = error as NodeJS.ErrnoException
  return code === undefined || error.message.includes(code) ? '' : code
}

/** undici sends a user only with a password. */
function withoutCredentials(proxy: string): { uri: string; token: string | null } {
  const url = new URL(proxy)
  const [user, password] = [url.username, url.password].map(decodeURIComponent)
  url.username = url.password = ''
  const basic = Buffer.from(`${user}:${password}`).toString('base64')
  return { uri: url.href, token: user || password ? `Basic ${basic}` : null }
}

/** A proxy as it is named in public. */
export const nameOfProxy = (proxy: string): string => new URL(proxy).origin

/** What a proxy has to do with an error: it could not be reached, or it answered with this status. */
export function proxyTrouble(error: unknown): { reason: string; status: number | null } | null {
  if (error instanceof ProxyFailure) return { reason: error.message, status: null }
  const status = REFUSED_BY_PROXY.exec((error as { message?: string }).message ?? '')?.[1]
  return status === undefined ? null : { reason: `HTTP ${status}`, status: Number(status) }
}
