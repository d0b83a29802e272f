import { AppError } from '../errors.ts'
import type { WechatApi } from './errcodes/entry.ts'

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
  /** Whether the request, or a part of it, may have reached WeChat. */
  readonly hasLeft: boolean
  /** The proxy without its password, where the call goes through one and did not get behind it. */
  readonly proxy: string | null

  constructor(
    message: string,
    kind: WechatOutage['kind'] = 'network',
    way: { hasLeft: boolean; proxy: string | null } = { hasLeft: true, proxy: null },
  ) {
    super(message)
    this.kind = kind
    this.hasLeft = way.hasLeft
    this.proxy = way.proxy
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

/** Whether there was no connection that it could have been sent over. */
export const hasNotLeft = (error: unknown): boolean =>
  error instanceof AppError && error.cause instanceof WechatOutage && !error.cause.hasLeft

/** The error for an answer that WeChat's documentation does not know. */
export function unexpected(what: string): AppError {
  return new AppError('WECHAT_ERROR', {
    cause: new Error(what),
    action:
      'WeChat does not answer like this: check what WECHAT_API_BASE points to and every proxy on the way there.',
  })
}

/** The part of a pino logger that is used here. */
export type WechatLog = {
  warn(o: object, msg: string): void
  error(o: object, msg: string): void
  info(o: object, msg: string): void
  debug(o: object, msg: string): void
}

/**
 * Writes the one line of a failed call: error where the operator has to change something, info
 * where the caller did it (any caller can send a wrong login code), warn for the rest. Returns the
 * error, to be thrown. Where WeChat was not asked at all there is no line: the breaker wrote one.
 *
 * @param about what else the line says: whose request it was
 */
export function report<E>(log: WechatLog, api: WechatApi, error: E, about: object = {}): E {
  if (!(error instanceof AppError)) return error
  const { cause } = error
  if (isPause(error) || !(cause instanceof Error)) return error
  const line = {
    ...about,
    api,
    code: error.code,
    ...(cause instanceof WechatRefusal
      ? { errcode: cause.errcode, errmsg: cause.errmsg }
      : { reason: cause.message }),
    action: error.action,
  }
  if (error.code === 'WECHAT_MISCONFIGURED') log.error(line, 'WeChat refuses our settings')
  else if (error.statusCode < 500) log.info(line, 'WeChat refuses the login')
  else log.warn(line, 'A call to WeChat failed')
  return error
}
