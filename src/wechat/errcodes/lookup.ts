import { AppError } from '../../errors.ts'
import type { Words } from '../../language.ts'
import type { WechatRefusal } from '../failures.ts'
import { errcodesOf } from './by-api.ts'
import { commonErrcodes } from './common.ts'
import type { Entry, MiniProgramSettings, WechatApi } from './entry.ts'

const entryOf = (api: WechatApi, { errcode }: WechatRefusal): Entry =>
  errcodesOf[api][errcode] ??
  commonErrcodes[errcode] ?? {
    code: 'WECHAT_ERROR',
    action: {
      en: `ScenePass does not know errcode ${errcode}: look it up, and its rid, at https://developers.weixin.qq.com/doc/oplatform/developers/errCode.`,
      zh: `ScenePass 不认识 errcode ${errcode}：请到 https://developers.weixin.qq.com/doc/oplatform/developers/errCode 查询该错误码及其 rid。`,
    },
  }

/** What the operator can do about a refusal. */
export function actionOf(
  api: WechatApi,
  refusal: WechatRefusal,
  settings: MiniProgramSettings,
): Words {
  const { action } = entryOf(api, refusal)
  return typeof action === 'function' ? action(settings, refusal.errmsg) : action
}

/** WeChat's refusal as the error that leaves the account. An errcode that is in no table is `WECHAT_ERROR`. */
export function refusalError(
  api: WechatApi,
  refusal: WechatRefusal,
  settings: MiniProgramSettings,
): AppError {
  const { code, retryAfter } = entryOf(api, refusal)
  return new AppError(code, {
    cause: refusal,
    action: actionOf(api, refusal, settings).en,
    ...(retryAfter === undefined ? {} : { retryAfter }),
  })
}
