import { lookup } from 'node:dns/promises'
import { failed, ok, warning, type Finding } from './finding.ts'

/** A name's addresses, as this machine finds them. */
export const addressesOf = async (host: string): Promise<string[]> =>
  (await lookup(host, { all: true })).map(({ address }) => address)

/**
 * May WeChat push there? It knows two ports, and comes from the internet.
 *
 * @param options.url of the service, without a path
 * @param options.simulated whether the account is the sandbox's, which pushes anywhere
 * @param options.isPublic whether the internet may reach a host
 * @param options.resolve a name's addresses; for tests
 */
export async function checkPushUrl(options: {
  url: string
  simulated: boolean
  isPublic: (host: string) => boolean
  resolve?: (host: string) => Promise<string[]>
}): Promise<Finding> {
  const { url, simulated, isPublic, resolve = addressesOf } = options
  const { protocol, port, hostname } = new URL(url)
  if (simulated) {
    return ok({
      en: 'The simulated WeChat pushes to any address.',
      zh: '模拟的微信可以推送到任何地址。',
    })
  }
  if (port !== '') {
    return failed(
      {
        en: `WeChat pushes to ports 80 and 443 only: not to ${url}.`,
        zh: `微信只向 80 和 443 端口推送，无法推送到 ${url}。`,
      },
      {
        en: 'Put a proxy on port 443 in front (docs/operate.md has one for nginx), and set PUBLIC_URL without a port.',
        zh: '请在前面加一个监听 443 端口的代理（docs/operate.zh-CN.md 中有 nginx 配置），并设置不带端口的 PUBLIC_URL。',
      },
    )
  }
  if (!isPublic(hostname)) {
    return failed(
      {
        en: `WeChat cannot reach ${url} from the internet.`,
        zh: `微信无法从公网访问 ${url}。`,
      },
      {
        en: 'Set PUBLIC_URL to a name that the internet knows. For a machine without one use a tunnel.',
        zh: '请把 PUBLIC_URL 设为公网可以访问的域名；没有公网域名的机器可借助内网穿透。',
      },
    )
  }
  const addresses = await resolve(hostname).catch(() => [])
  if (addresses.length > 0 && !addresses.some(isPublic)) {
    return warning(
      {
        en: `On this machine ${hostname} leads to ${addresses.join(', ')}, which the internet cannot reach.`,
        zh: `在本机上，${hostname} 解析为 ${addresses.join('、')}，公网无法访问。`,
      },
      {
        en: 'If that is so on this machine alone, all is well. Otherwise point the name to a public address.',
        zh: '若只有本机如此解析，则没有问题；否则请把该域名指向公网地址。',
      },
    )
  }
  if (protocol !== 'https:') {
    return warning(
      {
        en: `WeChat may push to ${url}, but it is not https: the link to the confirm page would travel in the open.`,
        zh: `微信可以推送到 ${url}，但它不是 https：确认页的链接会明文传输。`,
      },
      {
        en: 'Use it for trying only. For people set PUBLIC_URL to an https address.',
        zh: '仅可用于试用。正式使用时，请把 PUBLIC_URL 设为 https 地址。',
      },
    )
  }
  return ok({
    en: `WeChat may push to ${url}/wechat/events.`,
    zh: `微信可以推送到 ${url}/wechat/events。`,
  })
}
