import type { ErrorCode } from '../../errors.ts'
import type { Words } from '../../language.ts'

export type MiniProgramApi =
  'stable_token' | 'getwxacodeunlimit' | 'generate_urllink' | 'jscode2session'
export type OfficialAccountApi = 'stable_token' | 'qrcode_create' | 'user_info' | 'callback_check'
export type WechatApi = MiniProgramApi | OfficialAccountApi

/** What is called differently in the two kinds of account. */
export type Kind = {
  appid: 'WECHAT_APPID' | 'OA_APPID'
  secret: 'WECHAT_SECRET' | 'OA_SECRET'
  name: Words
  /** What people take for it by mistake. */
  other: Words
  /** Where its owner finds AppID, AppSecret and the list of addresses. */
  console: string
}

export const MINI_PROGRAM: Kind = {
  appid: 'WECHAT_APPID',
  secret: 'WECHAT_SECRET',
  name: { en: 'mini program', zh: '小程序' },
  other: { en: "a 公众号's", zh: '公众号的' },
  console: 'mp.weixin.qq.com → 开发管理 → 开发设置 → 开发者 ID',
}

export const OFFICIAL_ACCOUNT: Kind = {
  appid: 'OA_APPID',
  secret: 'OA_SECRET',
  name: { en: 'service account', zh: '服务号' },
  other: { en: "a mini program's", zh: '小程序的' },
  console: 'mp.weixin.qq.com → 设置与开发 → 基本配置',
}

/** What the actions name of every account. */
export type AccountFacts = { appid: string; kind: Kind }

/** What the actions name: the settings that WeChat may object to. */
export type MiniProgramSettings = {
  appid: string
  page: string
  envVersion: 'release' | 'trial' | 'develop'
  checkPath: boolean
  codeWidth: number
}

/** What one errcode means: our code, and what the operator can do about it. */
export type Entry<Facts = AccountFacts> = {
  code: ErrorCode
  /** Seconds, where WeChat's own wait is known. */
  retryAfter?: number
  action: Words | ((facts: Facts, errmsg: string) => Words)
}

export const misconfigured = <Facts = AccountFacts>(
  action: Entry<Facts>['action'],
): Entry<Facts> => ({
  code: 'WECHAT_MISCONFIGURED',
  action,
})

/** ScenePass sends what WeChat says is missing, so the request was changed on its way. */
export const mangled = (en: string, zh: string): Entry<unknown> =>
  misconfigured<unknown>({
    en: `WeChat says that ${en}, but ScenePass sends it right: something on the way changes the request. Check what WECHAT_API_BASE points to and every proxy before it.`,
    zh: `微信提示${zh}，但 ScenePass 发出的请求是正确的，应是途中被改动。请检查 WECHAT_API_BASE 指向何处，以及途中的每一个代理。`,
  })

export const wrongSecret = misconfigured(({ appid, kind }) => ({
  en: `${kind.secret} is not the AppSecret of ${kind.appid} ${appid}. Take both from ${kind.console} of the ${kind.name.en} (not ${kind.other.en}, not the code upload key); reset the AppSecret there if it is lost.`,
  zh: `${kind.secret} 不是 ${kind.appid} ${appid} 的 AppSecret。两者都请从该${kind.name.zh}的 ${kind.console} 取得（不是${kind.other.zh}，也不是代码上传密钥）；AppSecret 遗失时可在该处重置。`,
}))

/** WeChat refuses an access token that it has given out itself. */
export const invalidToken: Entry = {
  code: 'WECHAT_ERROR',
  action: ({ appid }) => ({
    en: `WeChat no longer takes the access token it gave us. Look for another program that uses AppID ${appid} and calls stable_token with force_refresh, and for an AppSecret that was reset. Once that stops, the service recovers by itself.`,
    zh: `微信不再接受它发给我们的 access_token。请查找使用 AppID ${appid} 并以 force_refresh 调用 stable_token 的其他程序，并确认 AppSecret 是否被重置过。问题消除后会自动恢复。`,
  }),
}
