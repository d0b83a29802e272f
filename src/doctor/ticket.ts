import { newScene } from '../tickets/secret.ts'
import type { Answer, Ask } from './ask.ts'
import { failed, unchecked, type Finding } from './finding.ts'
import type { Words } from '../language.ts'

/** A ticket of the doctor's, created where browsers create theirs. */
export type OwnTicket = {
  scene: string
  secret: string
  /** What `POST /ticket` answered. */
  answer: Answer
  /** Resolves with whether the ticket is over, so that nothing of it stays open. */
  cancel(): Promise<boolean>
}

/**
 * Creates a ticket. Its scene is our own, so it takes no code out of the stock.
 *
 * @param options.title what cannot be checked without one
 * @param headers sent with it
 */
export async function createTicket(
  options: { url: string; ask: Ask; title: Words },
  headers: Record<string, string> = {},
): Promise<OwnTicket | { finding: Finding }> {
  const { url, ask, title } = options
  const scene = newScene()
  const answer = await ask(`${url}/ticket`, { method: 'POST', headers, json: { scene } })
  const { secret } = answer.json ?? {}
  if (answer.status === 429) return { finding: tooMany(title) }
  if (answer.status !== 201 || typeof secret !== 'string') {
    return { finding: noTicket(answer.status, answer.json?.['code']) }
  }
  const cancel = async () => {
    const gone = await ask(`${url}/ticket/${scene}`, { method: 'DELETE', headers: bearer(secret) })
    // With very short windows it is over before it can be canceled.
    return gone.status === 204 || gone.status === 410
  }
  return { scene, secret, answer, cancel }
}

export const bearer = (secret: string) => ({ authorization: `Bearer ${secret}` })

const tooMany = (title: Words): Finding =>
  unchecked(
    {
      en: `Not checked: ${title.en}, because too many tickets were created from this address in the last minute.`,
      zh: `未检查“${title.zh}”：因为该地址最近一分钟内创建的票据过多。`,
    },
    {
      en: 'Check again in a minute. If the problem persists, every visitor may be counted as one address: set TRUST_PROXY.',
      zh: '请一分钟后再检查。若持续如此，可能是所有访客都被算作同一地址：请设置 TRUST_PROXY。',
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
