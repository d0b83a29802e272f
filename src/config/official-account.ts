import type { Words } from '../language.ts'
import type { Settings } from './settings.ts'

/** What WeChat's console and the service know of a service account. */
export type OfficialAccountCredentials = {
  appid: string
  secret: string
  /** Signs pushes. */
  token: string
  /** Encrypts them; null: pushes are plain. */
  aesKey: string | null
}

/** The settings without which there is none. */
const TOGETHER = ['OA_APPID', 'OA_SECRET', 'OA_TOKEN'] as const
/** A shorter Token can be found from one logged push, without asking the service. */
const SHORTEST_TOKEN = 16

/** @returns null where none is set, or not all that belongs together */
export function officialAccountIn(values: Settings): OfficialAccountCredentials | null {
  const { OA_APPID: appid, OA_SECRET: secret, OA_TOKEN: token, OA_AES_KEY: aesKey } = values
  if (appid === undefined || secret === undefined || token === undefined) return null
  return { appid, secret, token, aesKey: aesKey ?? null }
}

/** What is missing, or the same as it should not be. */
export function problemsOfOfficialAccount(
  values: Settings,
  isProduction: boolean,
): (readonly [name: keyof Settings, sentence: Words])[] {
  const problems: (readonly [keyof Settings, Words])[] = []
  const report = (name: keyof Settings, en: string, zh: string) =>
    void problems.push([name, { en: `${name} ${en}`, zh: `${name} ${zh}` }])
  const isSet = [...TOGETHER, 'OA_AES_KEY'].some((name) => values[name as keyof Settings])
  if (!isSet) return []
  for (const name of TOGETHER) {
    if (values[name] !== undefined) continue
    report(
      name,
      'is missing: OA_APPID, OA_SECRET and OA_TOKEN go together',
      '缺失：OA_APPID、OA_SECRET 和 OA_TOKEN 必须同时设置',
    )
  }
  if (values.OA_APPID !== undefined && values.OA_APPID === values.WECHAT_APPID) {
    report(
      'OA_APPID',
      "must differ from WECHAT_APPID: one is the service account's, the other the mini program's",
      '不能与 WECHAT_APPID 相同：前者是服务号的，后者是小程序的',
    )
  }
  if (!isProduction) return problems
  if ((values.OA_TOKEN?.length ?? SHORTEST_TOKEN) < SHORTEST_TOKEN) {
    report(
      'OA_TOKEN',
      `must have at least ${SHORTEST_TOKEN} characters in production: a shorter one can be guessed from a single logged push`,
      `在生产环境中至少需要 ${SHORTEST_TOKEN} 个字符：更短的 Token 可以由一条推送日志推算出来`,
    )
  }
  if (values.OA_AES_KEY === undefined) {
    report(
      'OA_AES_KEY',
      'must be set in production: the signature of a plain push says nothing of its body, so whoever has logged one could sign in as anyone. Choose 安全模式 in the console',
      '在生产环境中必须设置：明文推送的签名不包含内容，拿到一条推送日志就能以任何人的身份登录。请在后台选择“安全模式”',
    )
  }
  return problems
}
