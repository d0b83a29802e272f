import type { Words } from '../language.ts'
import { hider as textHider } from '../secrets.ts'
import type { Result } from './run.ts'

/**
 * No check says anything secret. Should the error of a library do so, it is taken out here.
 *
 * @param env the settings as they are given, secrets included
 */
export function hider(env: Readonly<Record<string, string | undefined>>): (r: Result) => Result {
  const clean = textHider(env)
  const hide = ({ en, zh }: Words): Words => ({ en: clean(en), zh: clean(zh) })
  return (result) => ({ ...result, says: hide(result.says), fix: result.fix && hide(result.fix) })
}
