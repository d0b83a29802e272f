import type { Dispatcher } from 'undici'
import { AppError } from '../errors.ts'
import type { Person } from '../identity.ts'
import { createAccessToken } from './access-token.ts'
import type { FetchedToken } from './access-token.ts'
import { createApi, unexpected } from './api.ts'
import { createBreaker } from './breaker.ts'
import type { WechatCall } from './errcodes/outcome.ts'
import type { WechatApi, WechatSettings } from './errcodes/common.ts'
import { errcodeOf } from './failures.ts'
import { imageType } from './image-type.ts'
import type { ImageType } from './image-type.ts'
import { report } from './report.ts'
import type { WechatLog } from './report.ts'
import { createSpentCodes } from './login-codes.ts'
import { createTransport } from './transport.ts'
import { safeLink } from './url-link.ts'

export type { WechatLog } from './report.ts'

export type CodeImage = { contentType: ImageType; bytes: Buffer }

export type WechatClient = {
  /**
   * Turns a login code into who it is. A code is sent to WeChat once, whatever comes of it.
   *
   * @param about what a log line of this call says beside: whose request it was
   * @throws {AppError} `LOGIN_CODE_INVALID`, `LOGIN_CODE_USED`, `WECHAT_USER_BLOCKED`,
   * `WECHAT_USER_RATE_LIMITED`, `WECHAT_ERROR`, `WECHAT_MISCONFIGURED`, `WECHAT_BUSY`, `WECHAT_TIMEOUT`
   */
  codeToSession(loginCode: string, about?: object): Promise<Person>
  /**
   * The mini program code of a scene (`[A-Za-z0-9_-]`, at most 32 characters).
   *
   * @param about what a log line of this call says beside: whose request it was
   * @throws {AppError} `WECHAT_ERROR`, `WECHAT_MISCONFIGURED`, `WECHAT_BUSY`, `WECHAT_TIMEOUT`
   */
  codeImage(scene: string, about?: object): Promise<CodeImage>
  /**
   * WeChat's URL Link of a scene: an address that opens the mini program from a phone's browser, for a
   * day. At most 1024 characters.
   *
   * @param about what a log line of this call says beside: whose request it was
   * @throws {AppError} `WECHAT_ERROR`, `WECHAT_MISCONFIGURED`, `WECHAT_BUSY`, `WECHAT_TIMEOUT`
   */
  urlLink(scene: string, about?: object): Promise<string>
  /** Gets the access token now, unless it is held; throws what `codeImage` throws. */
  authenticate(): Promise<void>
  /** Gets the access token in the background and keeps it fresh. Never throws. */
  start(): void
  /** How it is with WeChat: the access token's life in seconds, and which APIs are not asked now. */
  health(): {
    token: { age: number; expiresIn: number } | null
    paused: Record<WechatApi, boolean>
  }
  /** Ends timers and connections; what is under way fails, later calls get `SHUTTING_DOWN`. */
  close(): Promise<void>
}

/** WeChat refuses the access token itself: replaced, malformed or expired. */
function refusesToken(error: unknown): boolean {
  const errcode = errcodeOf(error)
  return errcode === 40001 || errcode === 40014 || errcode === 42001
}

/**
 * The client of the four WeChat APIs that ScenePass needs.
 *
 * @param options.apiBase without a trailing slash; may contain a path
 * @param options.timeoutMs milliseconds per call, body included
 * @param options.codeWidth pixels, 280 to 1280
 * @param options.onCall hears of every request that was sent to WeChat
 * @param options.dispatcher for tests; by default an undici Agent of its own
 */
export function createWechatClient(
  options: WechatSettings & {
    secret: string
    apiBase: string
    timeoutMs: number
    log: WechatLog
    onCall?: ((call: WechatCall) => void) | undefined
    dispatcher?: Dispatcher
  },
): WechatClient {
  const { appid, secret, apiBase, timeoutMs, log, onCall, dispatcher } = options
  const transport = createTransport({ apiBase, dispatcher })
  const breakers = {
    stable_token: createBreaker({ name: 'stable_token', log }),
    getwxacodeunlimit: createBreaker({ name: 'getwxacodeunlimit', log }),
    generate_urllink: createBreaker({ name: 'generate_urllink', log }),
    jscode2session: createBreaker({ name: 'jscode2session', log }),
  }
  const api = (name: WechatApi) =>
    createApi({ name, transport, breaker: breakers[name], timeoutMs, settings: options, onCall })
  const tokenApi = api('stable_token')
  const imageApi = api('getwxacodeunlimit')
  const linkApi = api('generate_urllink')
  const sessionApi = api('jscode2session')
  const spentCodes = createSpentCodes()
  const accessToken = createAccessToken({ fetch: () => reported('stable_token', fetchToken()) })

  /** Logged here, once per question to WeChat: many callers may be waiting for one answer. */
  async function reported<T>(name: WechatApi, work: Promise<T>, about?: object): Promise<T> {
    try {
      return await work
    } catch (error) {
      throw report(log, name, error, about)
    }
  }

  /** Asks with the access token; where WeChat refuses that one, once more with another. */
  async function withToken<T>(
    name: WechatApi,
    ask: (token: string) => Promise<T>,
    about?: object,
  ): Promise<T> {
    const token = await accessToken.get()
    try {
      return await ask(token)
    } catch (error) {
      if (!refusesToken(error)) throw report(log, name, error, about)
      accessToken.drop(token)
      const renewed = await accessToken.get()
      // WeChat gives out the very token it refuses: asking with it once more is useless.
      if (renewed === token) throw report(log, name, error, about)
      log.info({ ...about, api: name, errcode: errcodeOf(error) }, 'Access token replaced')
      return await reported(name, ask(renewed), about)
    }
  }

  function fetchToken(): Promise<FetchedToken> {
    const body = { grant_type: 'client_credential', appid, secret, force_refresh: false }
    return tokenApi.call(
      { method: 'POST', path: '/cgi-bin/stable_token', body, idempotent: true, secrets: [secret] },
      (_, json) => {
        const { access_token: value, expires_in: expiresIn } = json()
        if (typeof value !== 'string' || value === '') throw unexpected('no access_token in it')
        if (typeof expiresIn !== 'number' || !(expiresIn > 0))
          throw unexpected('no expires_in in it')
        return { value, expiresIn }
      },
    )
  }

  function fetchImage(scene: string, token: string): Promise<CodeImage> {
    return imageApi.call(
      {
        method: 'POST',
        path: '/wxa/getwxacodeunlimit',
        // WeChat takes the token nowhere but in the query.
        query: { access_token: token },
        body: {
          scene,
          page: options.page,
          env_version: options.envVersion,
          check_path: options.checkPath,
          width: options.codeWidth,
        },
        idempotent: true,
        secrets: [secret, token],
      },
      (bytes, json) => {
        const contentType = imageType(bytes)
        if (contentType !== undefined) return { contentType, bytes }
        json()
        throw unexpected('the answer is neither an image nor an error')
      },
    )
  }

  function fetchLink(scene: string, token: string): Promise<string> {
    return linkApi.call(
      {
        method: 'POST',
        path: '/wxa/generate_urllink',
        query: { access_token: token },
        body: {
          path: options.page,
          query: `scene=${scene}`,
          env_version: options.envVersion,
          // In days, the least there is: far longer than any ticket, and by nobody's clock.
          expire_type: 1,
          expire_interval: 1,
        },
        idempotent: true,
        secrets: [secret, token],
      },
      (_, json) => {
        const link = safeLink(json().url_link, apiBase)
        if (link === undefined) throw unexpected('no url_link in it that is safe to open')
        return link
      },
    )
  }

  function fetchSession(loginCode: string): Promise<Person> {
    const query = { appid, secret, js_code: loginCode, grant_type: 'authorization_code' }
    const secrets = [secret, loginCode]
    return sessionApi.call(
      { method: 'GET', path: '/sns/jscode2session', query, idempotent: false, secrets },
      (_, json) => {
        const { openid, unionid } = json()
        if (typeof openid !== 'string' || openid === '') throw unexpected('no openid in it')
        const known = typeof unionid === 'string' && unionid !== ''
        return { appid, openid, unionid: known ? unionid : null }
      },
    )
  }

  return {
    async codeToSession(loginCode, about) {
      spentCodes.spend(loginCode)
      try {
        return await reported('jscode2session', fetchSession(loginCode), about)
      } catch (error) {
        if (error instanceof AppError) spentCodes.failed(loginCode, error)
        throw error
      }
    },

    codeImage: (scene, about) =>
      withToken('getwxacodeunlimit', (token) => fetchImage(scene, token), about),

    urlLink: (scene, about) =>
      withToken('generate_urllink', (token) => fetchLink(scene, token), about),

    authenticate: async () => void (await accessToken.get()),

    start: accessToken.start,

    health: () => ({
      token: accessToken.life(),
      paused: {
        stable_token: breakers.stable_token.isOpen(),
        getwxacodeunlimit: breakers.getwxacodeunlimit.isOpen(),
        generate_urllink: breakers.generate_urllink.isOpen(),
        jscode2session: breakers.jscode2session.isOpen(),
      },
    }),

    async close() {
      accessToken.close()
      for (const breaker of Object.values(breakers)) breaker.close()
      await transport.close()
    },
  }
}
