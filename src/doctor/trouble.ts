import type { Words } from '../language.ts'
import type {
  MiniProgramApi,
  MiniProgramSettings,
  OfficialAccountApi,
} from '../wechat/errcodes/entry.ts'
import { actionOf, officialActionOf } from '../wechat/errcodes/lookup.ts'
import { WechatOutage, WechatRefusal } from '../wechat/failures.ts'
import { failed, type Finding } from './finding.ts'

const outages: Record<WechatOutage['kind'], Words> = {
  timeout: {
    en: 'Check the network between here and WECHAT_API_BASE, or raise WECHAT_TIMEOUT_MS.',
    zh: '请检查本机到 WECHAT_API_BASE 的网络，或调大 WECHAT_TIMEOUT_MS。',
  },
  network: {
    en: 'Check that this host reaches WECHAT_API_BASE: name resolution, firewall, proxy, certificates.',
    zh: '请检查本机能否访问 WECHAT_API_BASE：域名解析、防火墙、代理、证书。',
  },
  http_5xx: {
    en: 'Look for a proxy on the way to WECHAT_API_BASE; without one WeChat is in trouble, and there is nothing to do but wait.',
    zh: '请检查通往 WECHAT_API_BASE 途中的代理；若没有代理，则是微信出现故障，只能等待。',
  },
}

/** What a failed call to WeChat means to the operator. @param what failed */
export type Trouble = (what: Words, error: unknown) => Finding

export const trouble = (
  { api, what, settings }: { api: MiniProgramApi; what: Words; settings: MiniProgramSettings },
  error: unknown,
): Finding => told(what, error, (refusal) => actionOf(api, refusal, settings))

/** The same of a service account. */
export const officialTrouble = (
  { api, what, appid }: { api: OfficialAccountApi; what: Words; appid: string },
  error: unknown,
): Finding => told(what, error, (refusal) => officialActionOf(api, refusal, appid))

function told(what: Words, error: unknown, action: (refusal: WechatRefusal) => Words): Finding {
  const { cause } = error as { cause?: unknown }
  if (cause instanceof WechatRefusal) {
    const { errcode, errmsg } = cause
    return failed(
      {
        en: `${what.en}: WeChat answers errcode ${errcode} (${errmsg}).`,
        zh: `${what.zh}：微信返回 errcode ${errcode}（${errmsg}）。`,
      },
      action(cause),
    )
  }
  const reason = cause instanceof Error ? cause.message : (error as Error).message
  return failed(
    { en: `${what.en}: ${reason}.`, zh: `${what.zh}：${reason}。` },
    cause instanceof WechatOutage
      ? outages[cause.kind]
      : {
          en: 'WeChat does not answer like this: check what WECHAT_API_BASE points to and every proxy on the way there.',
          zh: '这不是微信的应答：请检查 WECHAT_API_BASE 指向何处，以及途中的每一个代理。',
        },
  )
}
