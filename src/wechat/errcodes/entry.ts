import type { ErrorCode } from '../../errors.ts'
import type { Words } from '../../language.ts'

export type WechatApi = 'stable_token' | 'getwxacodeunlimit' | 'generate_urllink' | 'jscode2session'

/** What the actions name: the settings that WeChat may object to. */
export type MiniProgramSettings = {
  appid: string
  page: string
  envVersion: 'release' | 'trial' | 'develop'
  checkPath: boolean
  codeWidth: number
}

/** What one errcode means: our code, and what the operator can do about it. */
export type Entry = {
  code: ErrorCode
  /** Seconds, where WeChat's own wait is known. */
  retryAfter?: number
  action: Words | ((settings: MiniProgramSettings, errmsg: string) => Words)
}

export const DEVELOPER_ID = 'mp.weixin.qq.com → 开发管理 → 开发设置 → 开发者 ID'

export const misconfigured = (action: Entry['action']): Entry => ({
  code: 'WECHAT_MISCONFIGURED',
  action,
})

/** ScenePass sends what WeChat says is missing, so the request was changed on its way. */
export const mangled = (en: string, zh: string): Entry =>
  misconfigured({
    en: `WeChat says that ${en}, but ScenePass sends it right: something on the way changes the request. Check what WECHAT_API_BASE points to and every proxy before it.`,
    zh: `微信提示${zh}，但 ScenePass 发出的请求是正确的，应是途中被改动。请检查 WECHAT_API_BASE 指向何处，以及途中的每一个代理。`,
  })

export const wrongSecret = misconfigured(({ appid }) => ({
  en: `WECHAT_SECRET is not the AppSecret of WECHAT_APPID ${appid}. Take both from ${DEVELOPER_ID} of the mini program (not of a 公众号, not the code upload key); reset the AppSecret there if it is lost.`,
  zh: `WECHAT_SECRET 不是 WECHAT_APPID ${appid} 的 AppSecret。两者都请从该小程序的 ${DEVELOPER_ID} 取得（不是公众号的，也不是代码上传密钥）；AppSecret 遗失时可在该处重置。`,
}))
