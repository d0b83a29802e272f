import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import { findTicket } from '../tickets/find.ts'
import { newScene } from '../tickets/secret.ts'
import type { Answer, Ask } from './ask.ts'
import { failed, unchecked, warning, type Finding } from './finding.ts'
import { judgeProxy } from './proxy-verdict.ts'
import { unreachable } from './unreachable.ts'

/** An address for documents (RFC 5737): no browser has it, and no proxy. */
const FORGED = '192.0.2.1'

/**
 * Whose address does the service see? Two tickets are created where browsers create theirs, one of
 * them with an X-Forwarded-For that lies; what the service recorded is in the database. Both are
 * canceled, and take no code out of the stock because their scenes are our own.
 */
export async function checkProxy(options: {
  url: string
  trustProxy: readonly string[] | false
  ask: Ask
  db: Db
}): Promise<Finding> {
  const { url, trustProxy } = options
  try {
    const honest = await create(options, {})
    if ('finding' in honest) return honest.finding
    const liar = await create(options, { 'x-forwarded-for': FORGED })
    if ('finding' in liar) return liar.finding
    const { seen, answer } = honest
    if (!honest.canceled || !liar.canceled) return deleteForbidden
    return judgeProxy({
      // ScenePass speaks no TLS, and its answers have neither of these headers.
      proxied:
        url.startsWith('https:') || Boolean(answer.headers['server'] ?? answer.headers['via']),
      trustProxy,
      own: answer.own,
      seen,
      seenForged: liar.seen,
      forged: FORGED,
    })
  } catch (error) {
    if (error instanceof AppError && error.code === 'TICKET_NOT_FOUND') return otherDatabase(url)
    const { says, fix } = unreachable(url, error)
    return failed(says, fix)
  }
}

type Seen = { seen: string | null; answer: Answer; canceled: boolean }

async function create(
  { url, ask, db }: { url: string; ask: Ask; db: Db },
  headers: Record<string, string>,
): Promise<Seen | { finding: Finding }> {
  const scene = newScene()
  const answer = await ask(`${url}/ticket`, { method: 'POST', headers, json: { scene } })
  const { secret } = answer.json ?? {}
  if (answer.status === 429) return { finding: tooMany }
  if (answer.status !== 201 || typeof secret !== 'string') {
    return { finding: noTicket(answer.status, answer.json?.['code']) }
  }
  const gone = await ask(`${url}/ticket/${scene}`, {
    method: 'DELETE',
    headers: { authorization: `Bearer ${secret}` },
  })
  const seen = (await findTicket(db, scene)).requestedBy.ip
  // With very short windows it is over before it can be canceled.
  return { seen, answer, canceled: gone.status === 204 || gone.status === 410 }
}

const tooMany = unchecked(
  {
    en: 'Not checked: the proxy headers, because too many tickets were created from this address in the last minute.',
    zh: '未检查“代理请求头”：因为该地址最近一分钟内创建的票据过多。',
  },
  {
    en: 'Check again in a minute. If the problem persists, every visitor may be counted as one address: set TRUST_PROXY.',
    zh: '请一分钟后再检查。若持续如此，可能是所有访客都被算作同一地址：请设置 TRUST_PROXY。',
  },
)

const deleteForbidden = warning(
  {
    en: 'Tickets can be created through PUBLIC_URL, but not canceled: DELETE does not get through.',
    zh: '可以通过 PUBLIC_URL 创建票据，但无法取消：DELETE 请求未能到达服务。',
  },
  {
    en: 'Let the proxy or firewall pass the methods GET, POST, DELETE and OPTIONS on, with the header Authorization.',
    zh: '请让代理或防火墙放行 GET、POST、DELETE 和 OPTIONS 方法，并保留 Authorization 请求头。',
  },
)

const noTicket = (status: number, code: unknown): Finding => {
  const what = typeof code === 'string' ? `HTTP ${status} ${code}` : `HTTP ${status}`
  return failed(
    {
      en: `No ticket can be created through PUBLIC_URL (${what}), so no login can begin.`,
      zh: `无法通过 PUBLIC_URL 创建票据（${what}），登录无法开始。`,
    },
    {
      en: 'Where the answer is not of ScenePass, a proxy or firewall gives it; otherwise the log of the service says why.',
      zh: '若应答不是 ScenePass 给出的，则来自代理或防火墙；否则原因见服务日志。',
    },
  )
}

const otherDatabase = (url: string): Finding =>
  failed(
    {
      en: `The service at ${url} keeps its tickets in another database than DATABASE_URL names.`,
      zh: `${url} 的服务没有把票据存入 DATABASE_URL 所指的数据库。`,
    },
    {
      en: 'Run this with the settings of that service, or restart it with these.',
      zh: '请使用该服务的配置运行本命令，或用当前配置重启服务。',
    },
  )
