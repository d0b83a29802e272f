import { isIP } from 'node:net'

/** Strict on purpose: TypeBox's own conversion reads 3000.5 as 3000 and "true" as 1. */
export function convert(text: string, type: string | undefined): unknown {
  if (type === 'integer' && /^\d{1,15}$/.test(text)) return Number(text)
  if (type === 'boolean' && /^(true|false)$/.test(text)) return text === 'true'
  return text
}

/**
 * The items of a list: by commas, also Chinese ones, by blanks and line breaks, and by semicolons, which
 * the path of an address may have, too.
 */
export const list = (text: string | undefined): string[] => [
  ...new Set((text ?? '').split(/[,，、；\s]+|;(?=\s|$|[^;,\s]*:)/).filter((item) => item !== '')),
]

export const parseUrl = (text: string): URL | null =>
  URL.canParse(text) && /^https?:$/.test(new URL(text).protocol) ? new URL(text) : null

export const isProxy = (text: string): boolean => {
  if (['loopback', 'linklocal', 'uniquelocal'].includes(text)) return true
  const [address = '', bits, ...rest] = text.split('/')
  const family = isIP(address)
  if (family === 0 || rest.length > 0) return false
  if (bits === undefined) return true
  // All addresses (/0) would make a proxy of every caller.
  const most = family === 4 ? 32 : 128
  return /^\d{1,3}$/.test(bits) && Number(bits) >= 1 && Number(bits) <= most
}

/**
 * An address that a form may post a token to. Requests are compared with it as text, so nothing is
 * allowed that the URL parser would take out: white space, backslashes, an empty fragment, empty
 * credentials. Its host goes into a policy, where a * would mean more and an IPv6 address nothing.
 */
export const isReturnUrl = (text: string): boolean =>
  /^https?:\/\/[^/?#@\\\s]+([/?][^#\s]*)?$/i.test(text) &&
  /^[\w.-]+$/.test(parseUrl(text)?.hostname ?? '')
