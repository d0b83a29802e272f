import { AppError } from '../../errors.ts'
import type { Words } from '../../language.ts'
import type { WechatRefusal } from '../failures.ts'
import { errcodesOf } from './by-api.ts'
import { commonErrcodes } from './common.ts'
import {
  MINI_PROGRAM,
  OFFICIAL_ACCOUNT,
  type AccountFacts,
  type Entry,
  type MiniProgramApi,
  type MiniProgramSettings,
  type OfficialAccountApi,
} from './entry.ts'
import { officialErrcodesOf } from './of-official-account.ts'

const entryOf = <Facts extends AccountFacts>(
  own: Record<number, Entry<Facts>>,
  { errcode }: WechatRefusal,
): Entry<Facts> =>
  own[errcode] ??
  commonErrcodes[errcode] ?? {
    code: 'WECHAT_ERROR',
    action: {
      en: `ScenePass does not know errcode ${errcode}: look it up, and its rid, at https://developers.weixin.qq.com/doc/oplatform/developers/errCode.`,
      zh: `ScenePass 不认识 errcode ${errcode}：请到 https://developers.weixin.qq.com/doc/oplatform/developers/errCode 查询该错误码及其 rid。`,
    },
  }

function toldBy<Facts extends AccountFacts>(
  own: Record<number, Entry<Facts>>,
  refusal: WechatRefusal,
  facts: Facts,
): { entry: Entry<Facts>; action: Words } {
  const entry = entryOf(own, refusal)
  const { action } = entry
  return { entry, action: typeof action === 'function' ? action(facts, refusal.errmsg) : action }
}

function errorOf<Facts extends AccountFacts>(
  own: Record<number, Entry<Facts>>,
  refusal: WechatRefusal,
  facts: Facts,
): AppError {
  const { entry, action } = toldBy(own, refusal, facts)
  const { code, retryAfter } = entry
  return new AppError(code, {
    cause: refusal,
    action: action.en,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  })
}

/** What the operator can do about a refusal. */
export const actionOf = (
  api: MiniProgramApi,
  refusal: WechatRefusal,
  settings: MiniProgramSettings,
): Words => toldBy(errcodesOf[api], refusal, { ...settings, kind: MINI_PROGRAM }).action

/** WeChat's refusal as the error that leaves the account. An errcode that is in no table is `WECHAT_ERROR`. */
export const refusalError = (
  api: MiniProgramApi,
  refusal: WechatRefusal,
  settings: MiniProgramSettings,
): AppError => errorOf(errcodesOf[api], refusal, { ...settings, kind: MINI_PROGRAM })

/** The same of a service account. */
export const officialActionOf = (
  api: OfficialAccountApi,
  refusal: WechatRefusal,
  appid: string,
): Words => toldBy(officialErrcodesOf[api], refusal, { appid, kind: OFFICIAL_ACCOUNT }).action

export const officialRefusalError = (
  api: OfficialAccountApi,
  refusal: WechatRefusal,
  appid: string,
): AppError => errorOf(officialErrcodesOf[api], refusal, { appid, kind: OFFICIAL_ACCOUNT })
