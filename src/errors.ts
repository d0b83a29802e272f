import type { Language } from './language.ts'

/**
 * The catalogue: every error that leaves the process is one of these codes. Codes are the API;
 * messages may change. A message says what happened and what to do about it, in both languages.
 */
type Entry = {
  status: number
  /** Seconds for `Retry-After` where the thrower knows no better. */
  retryAfter?: number
  en: string
  zh: string
}

export const catalogue = {
  INVALID_REQUEST: {
    status: 400,
    en: 'The request is not valid: {detail}. Correct it and send it again.',
    zh: '请求无效：{detail}。请改正后重新发送。',
  },
  LOGIN_CODE_INVALID: {
    status: 400,
    en: 'WeChat does not accept this login code: it is wrong, older than 5 minutes or of another mini program. Call wx.login again and send the new code.',
    zh: '微信不接受此登录凭证：凭证有误、已超过 5 分钟，或属于其他小程序。请重新调用 wx.login 并提交新的 code。',
  },
  LOGIN_CODE_USED: {
    status: 400,
    en: 'This login code has been used already. A login code works once: call wx.login again and send the new code.',
    zh: '此登录凭证已被使用。每个 code 只能使用一次，请重新调用 wx.login 并提交新的 code。',
  },
  BAD_SECRET: {
    status: 401,
    en: 'The secret of this ticket is missing or wrong. Send "Authorization: Bearer <secret>" with the secret that POST /ticket returned.',
    zh: '缺少票据密钥或密钥错误。请在请求头中携带 POST /ticket 返回的 secret："Authorization: Bearer <secret>"。',
  },
  WECHAT_USER_BLOCKED: {
    status: 403,
    en: 'WeChat has blocked this user as high-risk, so they cannot sign in. They can ask Tencent support about it.',
    zh: '微信已将该用户判定为高风险用户，无法登录。用户可联系腾讯客服处理。',
  },
  MATCH_CODE_WRONG: {
    status: 403,
    en: 'The chosen number is not the one on the website, so this sign-in was declined for good. Start again with a new code if it was yours.',
    zh: '所选数字与网页上显示的不一致，本次登录已被拒绝且不可恢复。若确为本人操作，请刷新小程序码后重试。',
  },
  PUSH_REFUSED: {
    status: 403,
    en: 'This is no push of WeChat for this service. The operator can read the reason in the log and correct the settings.',
    zh: '这不是微信发给本服务的推送。原因见服务日志，请联系运维人员查看。',
  },
  ORIGIN_NOT_ALLOWED: {
    status: 403,
    en: 'This page may not call ScenePass: its origin is not allowed. The operator can add it to CORS_ORIGINS; then try again.',
    zh: '此网页不能调用 ScenePass：其来源未被允许。请由运维人员将该来源加入 CORS_ORIGINS。',
  },
  TICKET_NOT_FOUND: {
    status: 404,
    en: 'There is no ticket with this scene. It may be long expired: create a new one with POST /ticket.',
    zh: '没有与该 scene 对应的票据，可能早已过期。请通过 POST /ticket 新建票据。',
  },
  NOT_FOUND: {
    status: 404,
    en: 'There is nothing at this path. GET /openapi.json lists every path.',
    zh: '该路径不存在。所有路径见 GET /openapi.json。',
  },
  METHOD_NOT_ALLOWED: {
    status: 405,
    en: 'This path does not answer this method. The Allow header lists the ones it answers.',
    zh: '该路径不支持此请求方法。可用方法见 Allow 响应头。',
  },
  SCENE_TAKEN: {
    status: 409,
    en: 'A ticket with this scene exists already. Leave the scene out, or make a new random one.',
    zh: '该 scene 已被占用。请不要指定 scene，或重新随机生成。',
  },
  SCANNED_BY_ANOTHER: {
    status: 409,
    en: 'Another WeChat user scanned this code first. Refresh the code on the website and scan the new one.',
    zh: '此小程序码已被其他微信用户扫描。请刷新网页上的小程序码后重新扫描。',
  },
  ALREADY_CONFIRMED: {
    status: 409,
    en: 'This sign-in has been confirmed already, so it can no longer be scanned, declined or canceled. Refresh the code on the website to sign in again.',
    zh: '本次登录已确认，不能再扫描、拒绝或取消。如需重新登录，请刷新网页上的小程序码。',
  },
  TICKET_EXPIRED: {
    status: 410,
    en: 'This ticket has expired. Refresh the code on the website and scan the new one.',
    zh: '此票据已过期。请刷新网页上的小程序码后重新扫描。',
  },
  TICKET_DENIED: {
    status: 410,
    en: 'This sign-in was declined on the phone. Refresh the code on the website to try again.',
    zh: '本次登录已在手机上被拒绝。如需重试，请刷新网页上的小程序码。',
  },
  TICKET_CANCELED: {
    status: 410,
    en: 'The website canceled this sign-in. Refresh the code on the website to try again.',
    zh: '网页已取消本次登录。如需重试，请刷新网页上的小程序码。',
  },
  TICKET_CONSUMED: {
    status: 410,
    en: 'This code has been used. Refresh the code on the website to sign in again.',
    zh: '此小程序码已被使用。如需再次登录，请刷新网页上的小程序码。',
  },
  BODY_TOO_LARGE: {
    status: 413,
    en: 'The request body is larger than 16 KiB. No call needs that much: send only the documented fields.',
    zh: '请求体超过 16 KiB。所有接口都不需要这么大的请求体，请只发送文档中列出的字段。',
  },
  UNSUPPORTED_MEDIA_TYPE: {
    status: 415,
    en: 'The request body must be JSON. Send it with "Content-Type: application/json".',
    zh: '请求体必须是 JSON。请使用 "Content-Type: application/json" 发送。',
  },
  SLOW_DOWN: {
    status: 429,
    retryAfter: 1,
    en: 'This ticket is polled too fast. Wait as long as "interval" (or Retry-After) says between two polls.',
    zh: '该票据的轮询过于频繁。两次轮询之间请按 interval（或 Retry-After）的秒数等待。',
  },
  RATE_LIMITED: {
    status: 429,
    retryAfter: 60,
    en: 'Too many requests from this address. Wait for Retry-After seconds and try again.',
    zh: '来自该地址的请求过多。请等待 Retry-After 指定的秒数后重试。',
  },
  WECHAT_USER_RATE_LIMITED: {
    status: 429,
    retryAfter: 60,
    en: 'WeChat says that this user signs in too often. Wait a minute, then try again.',
    zh: '微信提示该用户登录过于频繁。请等待一分钟后重试。',
  },
  INTERNAL: {
    status: 500,
    en: 'Something went wrong on our side. Try again; if the problem persists, give the request_id to the operator.',
    zh: '服务内部出错。请重试；若问题持续，请将 request_id 提供给运维人员。',
  },
  WECHAT_ERROR: {
    status: 502,
    en: 'WeChat gave an unexpected answer. Try again; if the problem persists, give the request_id to the operator.',
    zh: '微信返回了意外的结果。请重试；若问题持续，请将 request_id 提供给运维人员。',
  },
  WECHAT_MISCONFIGURED: {
    status: 502,
    en: 'The WeChat settings of this service need attention: the log says what to change and where.',
    zh: '本服务的微信配置有误，需由运维人员处理：日志中写明了需要修改的内容和位置。',
  },
  WECHAT_BUSY: {
    status: 503,
    retryAfter: 5,
    en: 'WeChat cannot be reached or is busy. Try again in a moment.',
    zh: '微信暂时繁忙或无法连接。请稍后重试。',
  },
  DATABASE_UNAVAILABLE: {
    status: 503,
    retryAfter: 1,
    en: 'The service cannot reach its database right now. Try again in a moment; nothing was lost.',
    zh: '服务暂时无法连接数据库。请稍后重试，数据不会丢失。',
  },
  SHUTTING_DOWN: {
    status: 503,
    retryAfter: 1,
    en: 'This instance is shutting down. Try again: another one answers.',
    zh: '该实例正在关闭。请重试，其他实例会继续提供服务。',
  },
  OVERLOADED: {
    status: 503,
    retryAfter: 1,
    en: 'The service has more requests than it can answer right now. Try again in a moment.',
    zh: '服务当前负载过高。请稍后重试。',
  },
  WECHAT_TIMEOUT: {
    status: 504,
    en: 'WeChat did not answer in time. Call wx.login again where a login code was sent, and try again.',
    zh: '微信未能及时响应。若请求中带有登录凭证，请重新调用 wx.login 后重试。',
  },
} as const satisfies Record<string, Entry>

export type ErrorCode = keyof typeof catalogue

export type AppErrorOptions = {
  /** What is wrong, for `INVALID_REQUEST`: names the field. Goes out to the caller. */
  detail?: string
  /** Seconds until it is worth trying again; goes out as `Retry-After`. */
  retryAfter?: number
  /** For the log alone. */
  cause?: unknown
  /** What the operator can do about it. For the log alone. */
  action?: string
}

/** An error with an answer: one code of the catalogue. Anything else that is thrown is a bug. */
export class AppError extends Error {
  readonly code: ErrorCode
  readonly statusCode: number
  readonly retryAfter: number | undefined
  readonly detail: string | undefined
  readonly action: string | undefined

  constructor(code: ErrorCode, options: AppErrorOptions = {}) {
    const entry: Entry = catalogue[code]
    super(code + (options.detail === undefined ? '' : `: ${options.detail}`), {
      cause: options.cause,
    })
    this.name = 'AppError'
    this.code = code
    this.statusCode = entry.status
    this.retryAfter = options.retryAfter ?? entry.retryAfter
    this.detail = options.detail
    this.action = options.action
  }

  /** The public message in the caller's language. */
  publicMessage(language: Language): string {
    return catalogue[this.code][language].replace('{detail}', () => this.detail ?? '')
  }
}
