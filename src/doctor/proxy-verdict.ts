import { BlockList, isIP } from 'node:net'
import { failed, ok, warning, type Finding } from './finding.ts'

/** What TRUST_PROXY may name instead of ranges. */
const namedRanges: Record<string, readonly string[]> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
}
const inside = [...Object.keys(namedRanges), '100.64.0.0/10']

/** Whether an address is in one of these addresses, ranges and names. */
function within(ranges: readonly string[]): (address: string | null) => boolean {
  const list = new BlockList()
  for (const range of ranges.flatMap((each) => namedRanges[each] ?? each)) {
    const [address = '', bits] = range.split('/')
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4'
    list.addSubnet(address, bits === undefined ? (family === 'ipv6' ? 128 : 32) : +bits, family)
  }
  return (address) => address !== null && list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')
}
const isInside = within(inside)
const isLoopback = within(['loopback'])

const nginx = {
  en: 'In nginx: proxy_set_header X-Forwarded-For $remote_addr;',
  zh: 'nginx 中应写：proxy_set_header X-Forwarded-For $remote_addr;',
}

/** What speaks for and against the address that the service takes for a browser's. */
export type Evidence = {
  /** Whether a proxy stands between us and the service for sure. */
  proxied: boolean
  trustProxy: readonly string[] | false
  /** Ours, where the connection left this machine. */
  own: string | null
  /** Ours, as the service recorded it: with an honest request, and with one that said `forged`. */
  seen: string | null
  seenForged: string | null
  forged: string
}

/** Whether phones are shown a browser's real address, and whether a caller can claim another one. */
export function judgeProxy(evidence: Evidence): Finding {
  const { proxied, trustProxy, own, seen, seenForged, forged } = evidence
  const trusts = within(trustProxy || [])

  if (seenForged === forged) {
    if (trusts(own) && !trusts(forged)) {
      return warning(
        {
          en: `Cannot tell from here: TRUST_PROXY believes all that comes from ${own}, and this check came from there.`,
          zh: `从本机无法判断：TRUST_PROXY 信任来自 ${own} 的一切请求，而本次检查正是从该地址发出的。`,
        },
        {
          en: `Run the check on a machine that TRUST_PROXY does not name. ${nginx.en}`,
          zh: `请在 TRUST_PROXY 未列出的机器上运行检查。${nginx.zh}`,
        },
      )
    }
    return failed(
      {
        en: 'A forged X-Forwarded-For is believed: any caller can evade the limits, and lie to the phone about where it is.',
        zh: '伪造的 X-Forwarded-For 会被采信：任何人都能绕过频率限制，并向手机谎报自己的位置。',
      },
      {
        en: `Name in TRUST_PROXY the addresses of your proxies alone, and let the outermost one set the header itself. ${nginx.en}`,
        zh: `TRUST_PROXY 只应列出您自己的代理地址，并由最外层代理自行设置该请求头。${nginx.zh}`,
      },
    )
  }
  if (proxied && trustProxy === false) {
    return failed(
      {
        en: `Every visitor has the address of your proxy, ${seen}: all of them share one limit, and every phone shows that address. TRUST_PROXY is not set.`,
        zh: `所有访客的地址都是您的代理 ${seen}：共用一个频率限制，手机上显示的也都是它。TRUST_PROXY 尚未设置。`,
      },
      {
        en: `Set TRUST_PROXY to the address of the proxy as the service sees it, such as ${seen}. ${nginx.en}`,
        zh: `请把 TRUST_PROXY 设为服务所见的代理地址，例如 ${seen}。${nginx.zh}`,
      },
    )
  }
  if (seen === null || (trusts(seen) && !trusts(own))) {
    return failed(
      {
        en: `The proxy does not say who asks: the service sees ${seen ?? 'no address'}, which is not this machine (${own}).`,
        zh: `代理没有说明请求来自谁：服务看到的是 ${seen ?? '空地址'}，而不是本机（${own}）。`,
      },
      {
        en: `Let it send X-Forwarded-For with one address. ${nginx.en}`,
        zh: `请让代理发送 X-Forwarded-For，其中只含一个地址。${nginx.zh}`,
      },
    )
  }
  const mayBeProxy = isInside(seen) && (seen !== own || (proxied && isLoopback(own)))
  if (mayBeProxy && !(seen === own && trusts(seen))) {
    return warning(
      {
        en: `The service sees this machine (${own}) at ${seen}. If that is a proxy of yours, every visitor has its address.`,
        zh: `服务看到的本机地址（本机为 ${own}）是 ${seen}。如果它是您的代理，则所有访客的地址都会是它。`,
      },
      {
        en: `If it is a proxy, add ${seen} to TRUST_PROXY; if it is not, nothing is wrong. ${nginx.en}`,
        zh: `如果它是代理，请把 ${seen} 加入 TRUST_PROXY；如果不是，则无需处理。${nginx.zh}`,
      },
    )
  }
  const same = seen === own
  return ok({
    en: `The service sees the address of the caller (${seen}${same ? '' : ': compare it with the public address of this machine'}), and believes no forged one.`,
    zh: `服务看到的是请求者自己的地址（${seen}${same ? '' : '，请与本机的公网地址核对'}），且不采信伪造的地址。`,
  })
}
