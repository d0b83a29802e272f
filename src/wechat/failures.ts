import { AppError } from '../errors.ts'

/** WeChat answered with an errcode: the cause of the AppError that it became. */
export class WechatRefusal extends Error {
  readonly errcode: number
  /** Without our secrets, with WeChat's rid. */
  readonly errmsg: string

  constructor(errcode: number, errmsg: string) {
    super(`errcode ${errcode}: ${errmsg}`)
    this.name = 'WechatRefusal'
    this.errcode = errcode
    this.errmsg = errmsg
  }
}

/** WeChat did not answer: a timeout, a connection that failed, HTTP 5xx. */
export class WechatOutage extends Error {
  override name = 'WechatOutage'
  readonly kind: 'timeout' | 'network' | 'http_5xx'

  constructor(message: string, kind: WechatOutage['kind'] = 'network') {
    super(message)
    this.kind = kind
  }
}

/** WeChat was not asked: its last answers failed. */
export class WechatPaused extends Error {
  override name = 'WechatPaused'
}

/** The errcode behind an error, or undefined where WeChat gave none. */
export function errcodeOf(error: unknown): number | undefined {
  if (!(error instanceof AppError)) return undefined
  return error.cause instanceof WechatRefusal ? error.cause.errcode : undefined
}

/**
 * Whether WeChat is the one in trouble: no answer, or -1 (system busy). Every other errcode is an
 * answer of a healthy WeChat.
 */
export function isOutage(error: unknown): error is AppError {
  if (!(error instanceof AppError)) return false
  return error.cause instanceof WechatOutage || errcodeOf(error) === -1
}

/** Whether WeChat was not asked at all, so that what was to be sent is as good as new. */
export function isPause(error: unknown): boolean {
  if (!(error instanceof AppError)) return false
  return error.cause instanceof WechatPaused || error.code === 'SHUTTING_DOWN'
}
