import type { Dispatcher } from 'undici'
import type { AppError } from '../errors.ts'
import { createAccessToken, type FetchedToken } from './access-token.ts'
import { createApi, type Take } from './api.ts'
import { createBreaker } from './breaker.ts'
import type { WechatApi } from './errcodes/entry.ts'
import type { WechatCall } from './errcodes/outcome.ts'
import { errcodeOf, report, unexpected, type WechatLog, type WechatRefusal } from './failures.ts'
import { createTransport, type WechatRequest } from './transport.ts'

/** What each account asks for its access token. */
type TokenApi = 'stable_token'

/** Secrets of a request beside the account's own AppSecret and access token. */
type AccountRequest = Omit<WechatRequest, 'secrets'> & { secrets?: readonly string[] }

export type Account<Api extends WechatApi> = {
  /**
   * Calls one API and gives what `take` finds in the answer. Bounded by `timeoutMs`, or twice that
   * where a call may be repeated. A failure is logged once, with `about` in the line.
   *
   * @throws {AppError} what the account's `refused` makes of an errcode; `WECHAT_ERROR`,
   * `WECHAT_BUSY`, `WECHAT_TIMEOUT`; `SHUTTING_DOWN` once closed
   */
  call<T>(api: Api, request: AccountRequest, take: Take<T>, about?: object): Promise<T>
  /**
   * The same with the access token in the query. Where WeChat refuses that token, it calls once more
   * with a new one.
   */
  callWithToken<T>(api: Api, request: AccountRequest, take: Take<T>, about?: object): Promise<T>
  /** Gets the access token now, unless it is held; throws what `callWithToken` throws. */
  authenticate(): Promise<void>
  /** Gets the access token in the background and keeps it fresh. Never throws. */
  start(): void
  /** How it is with WeChat: the access token's life in seconds, and which APIs are not asked now. */
  health(): {
    token: { age: number; expiresIn: number } | null
    paused: Record<Api | TokenApi, boolean>
  }
  /** Ends timers and connections; what is under way fails, later calls get `SHUTTING_DOWN`. */
  close(): Promise<void>
}

/** What every account is made from. */
export type AccountOptions = {
  appid: string
  secret: string
  /** Without a trailing slash; may contain a path. */
  apiBase: string
  /** The URL of a proxy that calls go through, with its password; null: directly. */
  proxy?: string | null | undefined
  /** Milliseconds per call, body included. */
  timeoutMs: number
  log: WechatLog
  /** Called with every request that was sent to WeChat. */
  onCall?: ((call: WechatCall) => void) | undefined
  /** For tests; by default an undici Agent of its own. */
  dispatcher?: Dispatcher | undefined
}

/**
 * What every account of WeChat has: one transport, one access token, and a breaker for each API, so
 * that one which is dead does not pause the others.
 *
 * @param options.apis the APIs it calls, beside stable_token
 * @param options.refused the error for an errcode
 */
export function createAccount<Api extends WechatApi>(
  options: AccountOptions & {
    apis: readonly Api[]
    refused: (api: Api | TokenApi, refusal: WechatRefusal) => AppError
  },
): Account<Api> {
  const { appid, secret, apiBase, proxy, timeoutMs, log, onCall, dispatcher, refused } = options
  const names = ['stable_token', ...options.apis] as const
  const transport = createTransport({ apiBase, proxy, dispatcher })
  const breakers = byName(names, (name) => createBreaker({ name, log }))
  const apis = byName(names, (name) =>
    createApi({
      name,
      transport,
      breaker: breakers[name],
      timeoutMs,
      refused: (refusal) => refused(name, refusal),
      onCall,
    }),
  )
  const accessToken = createAccessToken({ fetch: fetchToken })

  /** Logs a failure here, once per question to WeChat: many callers may be waiting for one answer. */
  async function call<T>(
    api: Api | TokenApi,
    request: AccountRequest,
    take: Take<T>,
    about?: object,
  ): Promise<T> {
    try {
      return await ask(api, request, take)
    } catch (error) {
      throw report(log, api, error, about)
    }
  }

  const ask = <T>(api: Api | TokenApi, request: AccountRequest, take: Take<T>): Promise<T> =>
    apis[api].call({ ...request, secrets: [secret, ...(request.secrets ?? [])] }, take)

  async function callWithToken<T>(
    api: Api,
    request: AccountRequest,
    take: Take<T>,
    about?: object,
  ): Promise<T> {
    const token = await accessToken.get()
    try {
      return await ask(api, withToken(request, token), take)
    } catch (error) {
      if (!refusesToken(error)) throw report(log, api, error, about)
      accessToken.drop(token)
      const renewed = await accessToken.get()
      // WeChat gives out the very token it refuses: asking with it once more is useless.
      if (renewed === token) throw report(log, api, error, about)
      log.info({ ...about, api, errcode: errcodeOf(error) }, 'Access token replaced')
      return await call(api, withToken(request, renewed), take, about)
    }
  }

  function fetchToken(): Promise<FetchedToken> {
    const body = { grant_type: 'client_credential', appid, secret, force_refresh: false }
    return call(
      'stable_token',
      { method: 'POST', path: '/cgi-bin/stable_token', body, idempotent: true },
      (_, json) => {
        const { access_token: value, expires_in: expiresIn } = json()
        if (typeof value !== 'string' || value === '') throw unexpected('no access_token in it')
        if (typeof expiresIn !== 'number' || !(expiresIn > 0)) {
          throw unexpected('no expires_in in it')
        }
        return { value, expiresIn }
      },
    )
  }

  return {
    call,
    callWithToken,
    authenticate: async () => void (await accessToken.get()),
    start: accessToken.start,

    health: () => ({
      token: accessToken.life(),
      paused: byName(names, (name) => breakers[name].isOpen()),
    }),

    async close() {
      accessToken.close()
      for (const name of names) breakers[name].close()
      await transport.close()
    },
  }
}

/** WeChat takes the token nowhere but in the query. */
const withToken = (request: AccountRequest, token: string): AccountRequest => ({
  ...request,
  query: { ...request.query, access_token: token },
  secrets: [...(request.secrets ?? []), token],
})

/** WeChat refuses the access token itself: replaced, malformed or expired. */
function refusesToken(error: unknown): boolean {
  const errcode = errcodeOf(error)
  return errcode === 40001 || errcode === 40014 || errcode === 42001
}

const byName = <Name extends string, T>(names: readonly Name[], make: (name: Name) => T) =>
  Object.fromEntries(names.map((name) => [name, make(name)])) as Record<Name, T>
