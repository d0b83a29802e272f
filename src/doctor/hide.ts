import type { Words } from '../language.ts'
import { redact } from '../wechat/redact.ts'
import type { Result } from './run.ts'

/** What is shorter than any secret would only take words apart. */
const SHORTEST_SECRET = 8

/**
 * No check says anything secret. Should the error of a library do so, it is taken out here.
 *
 * @param env the settings as they are given, secrets included
 */
export function hider(env: Readonly<Record<string, string | undefined>>): (r: Result) => Result {
  const passwords = [env['DATABASE_URL'], env['DATABASE_READ_URL']].flatMap((url = '') => {
    const { password = '' } = URL.canParse(url) ? new URL(url) : {}
    return [password, safeDecode(password)]
  })
  const { WECHAT_SECRET = '', SIGNING_KEYS = '' } = env
  const keys = SIGNING_KEYS.startsWith('file:') ? '' : SIGNING_KEYS
  const secrets = [WECHAT_SECRET, keys, ...passwords].filter((s) => s.length >= SHORTEST_SECRET)
  const hide = ({ en, zh }: Words): Words => ({ en: redact(en, secrets), zh: redact(zh, secrets) })
  return (result) => ({ ...result, says: hide(result.says), fix: result.fix && hide(result.fix) })
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a lone %: the driver takes it as it stands, too
  }
}
