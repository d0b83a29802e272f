import { errcodeOf } from '../wechat/failures.ts'
import type { OfficialAccount, PushHost } from '../wechat/official-account.ts'
import { failed, ok, unchecked, warning, type Finding } from './finding.ts'
import { addressesOf } from './push-url.ts'
import { officialTrouble } from './trouble.ts'

/**
 * Where does WeChat push to, as far as it tells? It resolves and pings the host of the URL that stands
 * in its console, and says nothing of port and path.
 *
 * @param options.url of the service, without a path
 * @param options.simulated whether the account is the sandbox's, which pushes anywhere
 * @param options.isPublic whether the internet may reach a host
 * @param options.resolve a name's addresses; for tests
 */
export async function checkPushHost(options: {
  account: Pick<OfficialAccount, 'pushHost'>
  appid: string
  url: string
  simulated: boolean
  isPublic: (host: string) => boolean
  resolve?: (host: string) => Promise<string[]>
}): Promise<Finding> {
  const { account, appid, url, simulated, isPublic, resolve = addressesOf } = options
  let seen: PushHost
  try {
    seen = await account.pushHost()
  } catch (error) {
    if (errcodeOf(error) === 48001) return notAllowed(appid)
    const what = { en: 'WeChat would push nothing', zh: '微信不会推送' }
    return officialTrouble({ api: 'callback_check', what, appid }, error)
  }
  const { addresses, answering } = seen
  const [en, zh] = [addresses.join(', '), addresses.join('、')]
  if (addresses.length === 0 || (!simulated && !addresses.some(isPublic))) {
    return unreached(en, zh)
  }
  const { hostname } = new URL(url)
  const ours = await resolve(hostname).catch(() => [])
  if (ours.length > 0 && !ours.some((address) => addresses.includes(address))) {
    return warning(
      {
        en: `WeChat pushes to ${en}, but on this machine ${hostname} leads to ${ours.join(', ')}.`,
        zh: `微信推送到 ${zh}，但在本机上 ${hostname} 解析为 ${ours.join('、')}。`,
      },
      {
        en: 'If a CDN stands between, or another program that forwards the pushes, all is well. Otherwise correct the URL in 消息与事件推送, or the name.',
        zh: '若中间有 CDN，或由其他程序转发推送，则没有问题；否则请改正“消息与事件推送”中的 URL 或域名解析。',
      },
    )
  }
  if (answering.length === 0) {
    return warning(
      {
        en: `WeChat pushes to ${en}, and its ping there gets no answer.`,
        zh: `微信推送到 ${zh}，但在那里 ping 不通。`,
      },
      {
        en: 'If a scan is answered in the chat, only ping is blocked and all is well. Otherwise let ports 80 and 443 through the firewall.',
        zh: '若扫码后会话中有回复，则只是屏蔽了 ping，没有问题；否则请在防火墙上放行 80 和 443 端口。',
      },
    )
  }
  return ok({
    en: `WeChat pushes to ${en} and reaches it.`,
    zh: `微信推送到 ${zh}，网络可达。`,
  })
}

const notAllowed = (appid: string): Finding =>
  unchecked({
    en: `Not checked: where WeChat pushes to, because AppID ${appid} may not ask (48001).`,
    zh: `未检查“微信推送到哪里”：AppID ${appid} 无权查询（48001）。`,
  })

const unreached = (en: string, zh: string): Finding =>
  failed(
    en === ''
      ? {
          en: 'WeChat finds no address for the host of the URL in its console, so no push arrives.',
          zh: '微信无法解析后台所填 URL 的域名，推送不会到达。',
        }
      : {
          en: `WeChat pushes to ${en}, which the internet cannot reach: no push arrives.`,
          zh: `微信推送到 ${zh}，公网无法访问该地址，推送不会到达。`,
        },
    {
      en: 'Enter the host of PUBLIC_URL in 消息与事件推送, and point the name to a public address.',
      zh: '请在“消息与事件推送”中填写 PUBLIC_URL 的域名，并把它解析到公网地址。',
    },
  )
