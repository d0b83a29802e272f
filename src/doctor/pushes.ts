import { randomBytes } from 'node:crypto'
import { createPushCipher } from '../wechat/push/crypto.ts'
import { NOTHING_TO_SAY, pushRequest, signedQuery } from '../wechat/push/request.ts'
import { writeXml } from '../wechat/push/xml.ts'
import type { Answer, Ask } from './ask.ts'
import { failed, ok, type Finding } from './finding.ts'
import { INVENTED_OPENID } from './official-account.ts'
import { unreachable } from './unreachable.ts'

const ACCOUNT = 'gh_doctor'
/** Much older than the service takes. */
const OLD_SECONDS = 3_600

type Options = {
  /** Of the service, without a path. */
  url: string
  ask: Ask
  appid: string
  token: string
  aesKey: string | null
  /** ms since 1970 */
  now: () => number
}

/**
 * Are pushes taken as WeChat sends them, through all that stands before the service, and is everything
 * else refused? What is pushed is a message, which changes nothing.
 */
export async function checkPushes(options: Options): Promise<Finding> {
  const { url, aesKey } = options
  const { verify, push } = requestsOf(options)
  try {
    const echo = randomBytes(8).toString('hex')
    const verified = await verify({ echo })
    if (verified.status !== 200 || verified.text !== echo) return notTaken(url, 'GET', verified)
    const pushed = await push({})
    if (pushed.status !== 200 || pushed.text !== NOTHING_TO_SAY) {
      return notTaken(url, 'POST', pushed)
    }

    const forged: [what: string, zh: string, answer: () => Promise<Answer>][] = [
      ['a wrong signature', '签名错误', () => push({ token: randomBytes(12).toString('hex') })],
      ['an old one', '已过期', () => push({ age: OLD_SECONDS })],
      [
        'a wrong signature of the verification',
        '验证请求的签名错误',
        () => verify({ echo, token: randomBytes(12).toString('hex') }),
      ],
    ]
    if (aesKey !== null) forged.push(['a plain one', '未加密', () => push({ plain: true })])
    for (const [en, zh, answer] of forged) {
      const { status } = await answer()
      if (status !== 403 && status !== 429) return believed(en, zh, status)
    }
  } catch (error) {
    const { says, fix } = unreachable(`${url}/wechat/events`, error)
    return failed(says, fix)
  }
  return ok({
    en: 'Pushes reach the service unchanged; forged, old and unencrypted ones are refused.',
    zh: '推送能原样到达服务；伪造、过期或未加密的推送会被拒绝。',
  })
}

function requestsOf({ url, ask, appid, token: right, aesKey, now }: Options) {
  const cipher = aesKey === null ? null : createPushCipher({ appid, aesKey })
  const seconds = () => Math.floor(now() / 1_000)

  return {
    verify({ echo, token = right }: { echo: string; token?: string }): Promise<Answer> {
      const query = signedQuery(token, seconds())
      query.set('echostr', echo)
      return ask(`${url}/wechat/events?${query}`)
    },

    push({ token = right, age = 0, plain = false }): Promise<Answer> {
      const at = seconds() - age
      const message = writeXml({
        ToUserName: ACCOUNT,
        FromUserName: INVENTED_OPENID,
        CreateTime: at,
        MsgType: 'text',
        Content: 'scenepass doctor',
        MsgId: '1',
      })
      const by = { token, cipher: plain ? null : cipher, account: ACCOUNT, at }
      const { query, body } = pushRequest(by, message)
      const headers = { 'content-type': 'text/xml' }
      return ask(`${url}/wechat/events?${query}`, { method: 'POST', headers, body })
    },
  }
}

/** The right ones. */
function notTaken(url: string, method: 'GET' | 'POST', { status, json }: Answer): Finding {
  const says = {
    en: `${method} ${url}/wechat/events does not take what WeChat would send (HTTP ${status}).`,
    zh: `${method} ${url}/wechat/events 没有接受微信会发出的请求（HTTP ${status}）。`,
  }
  if (json?.['code'] === 'NOT_FOUND') {
    return failed(says, {
      en: 'The service runs without OA_APPID, OA_SECRET and OA_TOKEN: restart it with these settings.',
      zh: '正在运行的服务没有 OA_APPID、OA_SECRET 和 OA_TOKEN：请用当前配置重启它。',
    })
  }
  if (json?.['code'] === 'PUSH_REFUSED') {
    return failed(says, {
      en: 'The log of the service says why ("a push was refused"): it runs with another OA_TOKEN or OA_AES_KEY, or a proxy changes query or body.',
      zh: '原因见服务日志（"a push was refused"）：它使用的 OA_TOKEN 或 OA_AES_KEY 不同，或有代理改动了查询参数或请求体。',
    })
  }
  return failed(says, {
    en: 'This answer is not of ScenePass: let proxies and firewalls hand on GET and POST /wechat/events as they are, XML included.',
    zh: '该应答不是 ScenePass 给出的：请让代理和防火墙原样放行 GET 和 POST /wechat/events，包括其中的 XML。',
  })
}

const believed = (en: string, zh: string, status: number): Finding =>
  failed(
    {
      en: `A forged push is not refused (${en}: HTTP ${status}): any visitor could sign in as anyone.`,
      zh: `伪造的推送没有被拒绝（${zh}：HTTP ${status}）：任何人都能冒充他人登录。`,
    },
    {
      en: 'What answers there is not this ScenePass: look what PUBLIC_URL leads to. Leave 消息与事件推送 disabled until then.',
      zh: '那里应答的不是本服务：请检查 PUBLIC_URL 指向何处。在此之前不要启用“消息与事件推送”。',
    },
  )
