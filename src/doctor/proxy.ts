import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import { findTicket } from '../tickets/find.ts'
import type { Answer, Ask } from './ask.ts'
import { failed, warning, type Finding } from './finding.ts'
import { judgeProxy } from './proxy-verdict.ts'
import { createTicket } from './ticket.ts'
import { unreachable } from './unreachable.ts'

const TITLE = { en: 'the proxy headers', zh: '代理请求头' }
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
  const ticket = await createTicket({ url, ask, title: TITLE }, headers)
  if ('finding' in ticket) return ticket
  const canceled = await ticket.cancel()
  const seen = (await findTicket(db, ticket.scene)).requestedBy.ip
  return { seen, answer: ticket.answer, canceled }
}

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
