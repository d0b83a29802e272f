import { newSecret } from '../tickets/secret.ts'
import type { Ask } from './ask.ts'
import { failed, ok, unchecked, type Finding } from './finding.ts'
import { bearer, createTicket } from './ticket.ts'
import { unreachable } from './unreachable.ts'

const TITLE = { en: 'caches on the way', zh: '途中的缓存' }

/**
 * Does something on the way keep answers and hand them to others? Some panels' caches ignore
 * Cache-Control. A ticket is polled rightly, then with a wrong secret and with none, as a stranger
 * would who has seen the code on the screen. It is canceled in the end.
 */
export async function checkCache(options: { url: string; ask: Ask }): Promise<Finding> {
  const { url, ask } = options
  try {
    const ticket = await createTicket({ ...options, title: TITLE })
    if ('finding' in ticket) return ticket.finding
    const poll = async (headers: Record<string, string>) =>
      ask(`${url}/ticket/${ticket.scene}`, { headers })
    const right = await poll(bearer(ticket.secret))
    const strangers = [await poll(bearer(newSecret())), await poll({})]
    await ticket.cancel()
    if (right.status === 401) return headerLost
    if (right.status !== 200) return noPoll(right.status, right.json?.['code'])
    const wrong = strangers.find(({ status }) => status !== 401)
    if (wrong === undefined) return inOrder
    if (wrong.status === 429) return tooManyGuesses
    return wrong.status < 400 ? handedOut(wrong.status) : noPoll(wrong.status, wrong.json?.['code'])
  } catch (error) {
    const { says, fix } = unreachable(url, error)
    return failed(says, fix)
  }
}

const inOrder = ok({
  en: 'No cache on the way hands answers to strangers: a wrong secret is refused right after a right one.',
  zh: '途中没有缓存把应答交给旁人：secret 正确的轮询之后，错误的 secret 仍被拒绝。',
})

const handedOut = (status: number): Finding =>
  failed(
    {
      en: `A poll with a wrong secret was answered with HTTP ${status} right after one with the right secret, and not with 401: a cache on the way hands login tokens to strangers.`,
      zh: `在 secret 正确的轮询之后，用错误的 secret 轮询得到的是 HTTP ${status} 而不是 401：途中的缓存会把登录令牌交给旁人。`,
    },
    {
      en: 'Turn the cache off: in 宝塔 under 网站 → 反向代理 → 缓存; in nginx with "proxy_cache off;", and without "proxy_ignore_headers"; at a CDN for /ticket and /login. Then reload it, and empty what it has kept.',
      zh: '请关闭缓存：宝塔面板在 网站 → 反向代理 → 缓存；nginx 写 "proxy_cache off;" 并去掉 "proxy_ignore_headers"；CDN 请设 /ticket 和 /login 不缓存。然后重新加载，并清空已有的缓存。',
    },
  )

const headerLost = failed(
  {
    en: 'A poll with the right secret is refused (HTTP 401): the header Authorization does not reach the service, so no login can end.',
    zh: '用正确的 secret 轮询被拒绝（HTTP 401）：Authorization 请求头没有到达服务，登录无法完成。',
  },
  {
    en: 'Let the proxy pass the header Authorization on; in nginx take out "proxy_set_header Authorization …" and auth_basic for this site.',
    zh: '请让代理保留 Authorization 请求头；nginx 请去掉该站点的 "proxy_set_header Authorization …" 和 auth_basic。',
  },
)

const noPoll = (status: number, code: unknown): Finding => {
  const what = typeof code === 'string' ? `HTTP ${status} ${code}` : `HTTP ${status}`
  return failed(
    {
      en: `A ticket can be created through PUBLIC_URL, but not polled (${what}), so no login can end.`,
      zh: `可以通过 PUBLIC_URL 创建票据，但无法轮询（${what}），登录无法完成。`,
    },
    {
      en: 'Where the answer is not of ScenePass, a proxy or firewall gives it; otherwise the log of the service says why.',
      zh: '若应答不是 ScenePass 给出的，则来自代理或防火墙；否则原因见服务日志。',
    },
  )
}

const tooManyGuesses = unchecked(
  {
    en: 'Not checked: caches on the way, because there were too many wrong secrets from this address in the last minute.',
    zh: '未检查“途中的缓存”：因为该地址最近一分钟内出错的 secret 过多。',
  },
  { en: 'Check again in a minute.', zh: '请一分钟后再检查。' },
)
