import { AppError } from '../errors.ts'
import type { WechatApi } from './errcodes/common.ts'
import { isPause, WechatRefusal } from './failures.ts'

/** The part of a pino logger that is used here. */
export type WechatLog = {
  warn(o: object, msg: string): void
  error(o: object, msg: string): void
  info(o: object, msg: string): void
  debug(o: object, msg: string): void
}

/**
 * Writes the one line of a failed call: error where the operator has to change something, info
 * where it is the caller's doing (anybody can send a wrong login code), warn for the rest. Returns
 * the error, to be thrown. Where WeChat was not asked at all there is no line: the breaker wrote one.
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
