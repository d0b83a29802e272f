import { AppError } from '../../errors.ts'
import { errcodeOf, WechatOutage } from '../failures.ts'
import { errcodesOf } from './by-api.ts'
import { commonErrcodes } from './common.ts'
import type { WechatApi } from './entry.ts'
import { officialErrcodesOf } from './of-official-account.ts'

const known: Record<WechatApi, object> = {
  ...officialErrcodesOf,
  ...errcodesOf,
}

/** One request that was sent to WeChat, for the metrics. */
export type WechatCall = {
  api: WechatApi
  /**
   * `0` for success; WeChat's number where we know it, `other` where not; without an answer `timeout`,
   * `network` or `http_5xx`; `invalid` for an answer that is not WeChat's.
   */
  errcode: string
  /** To the end of the answer. */
  seconds: number
}

/** A failed call in one word, out of a set that no answer can make larger. */
export function outcomeOf(api: WechatApi, error: unknown): string {
  const errcode = errcodeOf(error)
  if (errcode !== undefined) {
    return errcode in commonErrcodes || errcode in known[api] ? String(errcode) : 'other'
  }
  const cause = error instanceof AppError ? error.cause : undefined
  return cause instanceof WechatOutage ? cause.kind : 'invalid'
}
