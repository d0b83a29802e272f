import { request } from 'undici'
import type { Words } from '../language.ts'
import { createOutbound, nameOfProxy, proxyTrouble } from '../wechat/outbound.ts'
import type { Answer } from './ask.ts'
import { failed, ok, type Finding } from './finding.ts'

/**
 * Asks for a page through a proxy, over the kind of connection that calls to WeChat use.
 *
 * @returns rejects with what `proxyTrouble` knows, the system's error, or a TimeoutError
 */
export async function askThrough(
  proxy: string,
  url: string,
  options: { timeoutMs: number; ca?: string | undefined },
): Promise<Pick<Answer, 'status' | 'headers' | 'json'>> {
  const dispatcher = createOutbound({ proxy, ca: options.ca, maxResponseSize: 1024 * 1024 })
  const signal = AbortSignal.timeout(options.timeoutMs)
  const late = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
  })
  try {
    const answer = await Promise.race([late, request(url, { dispatcher, signal })])
    const json = await answer.body.json().catch(() => undefined)
    return {
      status: answer.statusCode,
      headers: answer.headers as Answer['headers'],
      json: json as Answer['json'],
    }
  } finally {
    await dispatcher.destroy()
  }
}

/** Does the proxy that calls to WeChat go through let them pass? */
export async function checkWechatProxy(
  proxy: string,
  greet: () => Promise<unknown>,
): Promise<Finding> {
  const name = nameOfProxy(proxy)
  try {
    await greet()
  } catch (error) {
    const trouble = proxyTrouble(error)
    if (trouble !== null) return failed(says(name, trouble), FIX)
    if ((error as Error).name === 'TimeoutError') {
      const reason = { en: 'no connection in time', zh: '未能及时建立连接' }
      return failed(
        {
          en: `Nothing comes back through the proxy ${name}: ${reason.en}.`,
          zh: `经代理 ${name} 没有任何应答：${reason.zh}。`,
        },
        FIX,
      )
    }
    // The proxy has done its part; what is behind it, the next check tells.
  }
  return ok({
    en: `Calls to WeChat go through the proxy ${name}, which lets them pass. Its address, as WeChat sees it, belongs on the IP allow-list.`,
    zh: `微信接口调用经由代理 ${name}，代理可用。请把它的出口 IP 加入微信的 IP 白名单。`,
  })
}

function says(name: string, { status, reason }: { status: number | null; reason: string }): Words {
  if (status === 407) {
    return {
      en: `The proxy ${name} wants a user and a password (HTTP 407).`,
      zh: `代理 ${name} 需要用户名和密码（HTTP 407）。`,
    }
  }
  return status === null
    ? {
        en: `The proxy ${name} cannot be reached: ${reason}.`,
        zh: `无法连接代理 ${name}：${reason}。`,
      }
    : {
        en: `The proxy ${name} does not let calls to WeChat pass (${reason}).`,
        zh: `代理 ${name} 不放行微信接口调用（${reason}）。`,
      }
}

const FIX: Words = {
  en: 'Correct HTTPS_PROXY (or HTTP_PROXY): http://user:password@host:port; or set NO_PROXY=api.weixin.qq.com to go without it.',
  zh: '请改正 HTTPS_PROXY（或 HTTP_PROXY）：http://用户:密码@主机:端口；若不需要代理，请设置 NO_PROXY=api.weixin.qq.com。',
}
