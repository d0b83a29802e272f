import type { Words } from '../language.ts'
import { parseUrl } from './values.ts'

/** A value that is used, or what was found and what to write instead. */
export type Read = { value: string } | { found: Words }

/**
 * The origin that an entry means, as browsers write it: in lower case, without a slash at the end and
 * without the scheme's own port, a Chinese domain in punycode.
 */
export function readOrigin(text: string): Read {
  const url = parseUrl(text)
  if (text.includes('*')) {
    return found(text, 'name each address, without *', '请逐个写出地址，不能用 *')
  }
  if (url === null) {
    const guessed = /^[^\s:/?#@]+(:\d+)?\/*$/.test(text) ? parseUrl(`https://${text}`) : null
    if (guessed === null) return found(text, 'that is no http(s) address', '这不是 http(s) 地址')
    return found(text, `write ${guessed.origin}`, `请写成 ${guessed.origin}`)
  }
  const { origin, pathname, search, hash, username, password } = url
  const isBare = /^\/*$/.test(pathname) && search + hash + username + password === ''
  const endsThere = !/[?#@\\]/.test(text)
  return isBare && endsThere
    ? { value: origin }
    : found(text, `write ${origin}`, `请写成 ${origin}`)
}

/**
 * An address of a page in a form that browsers and programs agree on: its origin as `readOrigin` has
 * it, the rest as it stands.
 */
export function withPlainOrigin(url: string): string {
  const rest = /^https?:\/\/[^/?#]*(.*)$/is.exec(url)?.[1] ?? ''
  return (parseUrl(url)?.origin ?? '') + rest
}

/** Which entry does not fit. What stands before an @ may be a password. */
export function naming(text: string): Words {
  const quoted = `"${text.replace(/^(\w+:\/\/)?.*@/s, '$1…@')}"`
  return { en: `it has ${quoted}`, zh: `其中有 ${quoted}` }
}

function found(text: string, en: string, zh: string): Read {
  const entry = naming(text)
  return { found: { en: `${entry.en}: ${en}`, zh: `${entry.zh}：${zh}` } }
}
