import { newScene } from '../tickets/secret.ts'
import { errcodeOf } from '../wechat/failures.ts'
import type { OfficialAccount } from '../wechat/official-account.ts'
import { failed, ok, warning, type Finding } from './finding.ts'
import { officialTrouble } from './trouble.ts'

export type OfficialAccountSetUp = {
  account: Pick<OfficialAccount, 'codeAddress' | 'unionidOf'>
  appid: string
}

/** As short as WeChat lets a code live: the doctor's is for no phone. */
const SECONDS = 60

/** Does WeChat make codes of this account? Only some kinds of account may have them. */
export async function checkOfficialCode({
  account,
  appid,
}: OfficialAccountSetUp): Promise<Finding> {
  try {
    await account.codeAddress(newScene(), SECONDS)
    return ok({
      en: 'WeChat makes codes of the service account.',
      zh: '微信可以生成服务号的二维码。',
    })
  } catch (error) {
    const what = { en: 'The service account gets no code', zh: '服务号未能得到二维码' }
    return officialTrouble({ api: 'qrcode_create', what, appid }, error)
  }
}

/** Shaped like an openid. WeChat gives none that ends like this. */
export const INVENTED_OPENID = 'doctor-of-scenepass-0000000'

/**
 * Is an invented person refused, and as such?
 *
 * @param options.answered what WeChat last answered about a person: `0`, or its errcode
 */
export async function checkPeople(
  options: OfficialAccountSetUp & { answered: () => string | undefined },
): Promise<Finding> {
  const { account, appid, answered } = options
  try {
    await account.unionidOf(INVENTED_OPENID)
    if (answered() !== '0') return notAllowed(appid)
  } catch (error) {
    if (errcodeOf(error) === 40003) {
      return ok({
        en: 'WeChat knows no invented person (40003), so it would tell of a real one.',
        zh: '微信不认识伪造的 openid（40003），真实用户的信息即可查询。',
      })
    }
    const what = { en: 'The first login of a person would fail', zh: '用户首次登录会失败' }
    return officialTrouble({ api: 'user_info', what, appid }, error)
  }
  return failed(
    {
      en: 'WeChat is said to know an invented person: what answers is not WeChat.',
      zh: '伪造的 openid 竟被认可：应答方不是微信。',
    },
    {
      en: 'Set WECHAT_API_BASE back to https://api.weixin.qq.com.',
      zh: '请把 WECHAT_API_BASE 改回 https://api.weixin.qq.com。',
    },
  )
}

/** Logins work; whether it is a person of the other account is not known. */
const notAllowed = (appid: string): Finding =>
  warning(
    {
      en: `AppID ${appid} may not look people up (48001), so they have no unionid: one person is two users through two accounts.`,
      zh: `AppID ${appid} 无权查询用户信息（48001），因此得不到 unionid：同一个人用两个账号登录会成为两个用户。`,
    },
    {
      en: 'Only certified accounts and test accounts may: mp.weixin.qq.com → 设置与开发 → 接口权限 → 获取用户基本信息.',
      zh: '只有已认证的账号和测试号可以：mp.weixin.qq.com → 设置与开发 → 接口权限 → 获取用户基本信息。',
    },
  )

/**
 * What no program sees, and many owners do not expect. A person who has signed in proves that pushes
 * have come; until then nothing does.
 *
 * @param signedIn whether a person of this account is known
 */
export async function checkConsole(
  url: string,
  signedIn: () => Promise<boolean>,
): Promise<Finding> {
  if (await signedIn()) {
    return ok({
      en: "People have signed in through the service account, so WeChat's pushes have arrived. The automatic replies and custom menus that were set in its console have stopped with them.",
      zh: '已有用户通过服务号登录，可见微信的推送能够到达。启用推送后，在后台设置的自动回复和自定义菜单已失效。',
    })
  }
  return warning(
    {
      en: "No person has signed in through the service account yet, so nothing shows that a push of WeChat has ever arrived. What stands in its console cannot be seen from here. Once a URL for pushes is enabled there, the console's automatic replies and custom menus stop.",
      zh: '还没有用户通过服务号登录，无从得知微信的推送是否到达过，也看不到服务号后台的配置。后台一旦启用消息推送，在后台设置的自动回复和自定义菜单就会失效。',
    },
    {
      en: `In 消息与事件推送 enter URL ${url}/wechat/events, OA_TOKEN as Token, OA_AES_KEY as EncodingAESKey and 安全模式, enable it, and scan one code. If the account has a program for pushes already, leave its URL and forward: docs/official-account.md.`,
      zh: `请在“消息与事件推送”中填写 URL ${url}/wechat/events、Token（OA_TOKEN）、EncodingAESKey（OA_AES_KEY），选择“安全模式”并启用，然后扫一个码。若该账号已有接收推送的程序，请保留原 URL 并转发，见 docs/official-account.zh-CN.md。`,
    },
  )
}
