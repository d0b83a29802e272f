import { randomUUID } from 'node:crypto'
import { newScene } from '../tickets/secret.ts'
import type { MiniProgramSettings } from '../wechat/errcodes/entry.ts'
import { errcodeOf } from '../wechat/failures.ts'
import type { MiniProgram } from '../wechat/mini-program.ts'
import type { Answer } from './ask.ts'
import { failed, ok, warning, type Finding } from './finding.ts'
import { trouble, type Trouble } from './trouble.ts'
import { unreachable } from './unreachable.ts'

/** WeChat's own, and those that it names for when that one fails. */
const REAL_WECHAT = /^https:\/\/([\w-]+\.)?api\d?\.weixin\.qq\.com(\/|$)/

/** Errcodes that are about where we call from, and say nothing of who we are. */
const ABOUT_ADDRESS = new Set([40164, 89501, 89503, 89506, 89507])

/** What an answer of WeChat's is known by. */
type Greeting = Pick<Answer, 'status' | 'json'>

/** Is it WeChat that answers there? @param greet an unauthorized call: nothing secret is in it */
export async function checkWechat(
  apiBase: string,
  greet: () => Promise<Greeting>,
): Promise<Finding> {
  let answer: Greeting
  try {
    answer = await greet()
  } catch (error) {
    const { says, fix } = unreachable(apiBase, error)
    return failed(says, fix)
  }
  if (typeof answer.json?.['errcode'] === 'number') {
    return ok({ en: `WeChat answers at ${apiBase}.`, zh: `微信接口有应答：${apiBase}。` })
  }
  return failed(
    {
      en: `What answers at ${apiBase} is not WeChat (HTTP ${answer.status}).`,
      zh: `${apiBase} 的应答不是微信接口（HTTP ${answer.status}）。`,
    },
    {
      en: 'Check WECHAT_API_BASE (https://api.weixin.qq.com unless you know better) and every proxy on the way there.',
      zh: '请检查 WECHAT_API_BASE（一般应为 https://api.weixin.qq.com），以及途中的每一个代理。',
    },
  )
}

export type WechatSetUp = { miniProgram: MiniProgram; settings: MiniProgramSettings }

/** May this machine's address call? @param authenticate the account's, once */
export async function checkAddress(
  trouble: Trouble,
  authenticate: () => Promise<void>,
): Promise<Finding> {
  const fine = ok({
    en: 'WeChat lets the address of this machine call it.',
    zh: '微信允许来自本机 IP 的调用。',
  })
  try {
    await authenticate()
    return fine
  } catch (error) {
    const errcode = errcodeOf(error)
    // WeChat looks at the address before anything else.
    if (errcode !== undefined && !ABOUT_ADDRESS.has(errcode)) return fine
    const what = {
      en: 'WeChat gives this machine no access token',
      zh: '本机未能取得 access_token',
    }
    return trouble(what, error)
  }
}

/** Are AppID and AppSecret right, and a pair? */
export async function checkCredentials(
  appid: string,
  trouble: Trouble,
  authenticate: () => Promise<void>,
): Promise<Finding> {
  try {
    await authenticate()
    return ok({
      en: `WeChat accepts AppID ${appid} and its AppSecret.`,
      zh: `微信接受 AppID ${appid} 及其 AppSecret。`,
    })
  } catch (error) {
    const what = { en: 'AppID and AppSecret are not accepted', zh: 'AppID 和 AppSecret 未被接受' }
    return trouble(what, error)
  }
}

/** Is an invented login code refused, and as such? */
export async function checkLoginCode({ miniProgram, settings }: WechatSetUp): Promise<Finding> {
  try {
    await miniProgram.codeToSession(`0doctor${randomUUID().replaceAll('-', '').slice(7)}`)
  } catch (error) {
    if (errcodeOf(error) === 40029) {
      return ok({
        en: 'WeChat refuses an invented login code (40029), so it would accept a real one.',
        zh: '微信拒绝了伪造的登录凭证（40029），真实的凭证即可通过。',
      })
    }
    const what = { en: 'Login codes cannot be checked', zh: '无法校验登录凭证' }
    return trouble({ api: 'jscode2session', what, settings }, error)
  }
  return failed(
    {
      en: 'An invented login code was accepted: what answers is not WeChat, and would let any caller sign in as any user.',
      zh: '伪造的登录凭证竟被接受：应答方不是微信，任何人都能冒充登录。',
    },
    {
      en: 'Set WECHAT_API_BASE back to https://api.weixin.qq.com.',
      zh: '请把 WECHAT_API_BASE 改回 https://api.weixin.qq.com。',
    },
  )
}

/** With WECHAT_URL_LINK=on: does WeChat make one? */
export async function checkUrlLink({ miniProgram, settings }: WechatSetUp): Promise<Finding> {
  try {
    await miniProgram.urlLink(newScene())
    return ok({ en: 'WeChat makes URL Links.', zh: '微信可以生成 URL Link。' })
  } catch (error) {
    const what = { en: 'WeChat makes no URL Link', zh: '微信没有生成 URL Link' }
    return trouble({ api: 'generate_urllink', what, settings }, error)
  }
}

/** Is it people with WeChat who can sign in, or any visitor as any user? */
export function checkRealWechat(options: {
  /** No credentials at all. */
  sandbox: boolean
  /** The AppID is the one that the simulated WeChat has. */
  simulated: boolean
  apiBase: string
}): Finding {
  if (options.sandbox) {
    return failed(
      {
        en: 'No real login works: without WECHAT_APPID and WECHAT_SECRET this is the sandbox, where any visitor signs in as any user.',
        zh: '真实登录不可用：未设置 WECHAT_APPID 和 WECHAT_SECRET，当前是沙箱，任何人都能以任何身份登录。',
      },
      {
        en: 'For trying that is as it should be. To go live take both from mp.weixin.qq.com → 开发管理 → 开发设置 → 开发者 ID.',
        zh: '用于试用则一切正常。正式使用时，请从 mp.weixin.qq.com → 开发管理 → 开发设置 → 开发者 ID 取得两者并设置。',
      },
    )
  }
  if (options.simulated) {
    return warning(
      {
        en: 'No real login works: the credentials are those of the simulated WeChat, where any visitor signs in as any user.',
        zh: '真实登录不可用：当前使用的是模拟微信的凭证，任何人都能以任何身份登录。',
      },
      {
        en: 'Good for a rehearsal. To go live set the credentials of your own account (WECHAT_… or OA_…), and leave WECHAT_API_BASE out.',
        zh: '适合演练。正式使用时，请设置自己账号的凭证（WECHAT_… 或 OA_…），并去掉 WECHAT_API_BASE。',
      },
    )
  }
  if (!REAL_WECHAT.test(options.apiBase)) {
    return warning(
      {
        en: `Calls go to ${options.apiBase}, which is not an address of WeChat.`,
        zh: `接口调用发往 ${options.apiBase}，这不是微信的地址。`,
      },
      {
        en: 'If it is a relay of yours, it sees the AppSecret and every login. Otherwise leave WECHAT_API_BASE out.',
        zh: '如果它是您自己的中转，则它能看到 AppSecret 和所有登录；否则请去掉 WECHAT_API_BASE。',
      },
    )
  }
  return ok({
    en: "Calls go to an address of WeChat's, with credentials of your own.",
    zh: '接口调用发往微信的地址，使用的是您自己的凭证。',
  })
}
