/** WeChat's own have some 30 characters. */
const maxLength = 1024

/**
 * What an answer has for a link, where people can be sent there; undefined where not: it has to be
 * https, or http where the API itself is spoken to by http, as a sandbox is.
 */
export function safeLink(value: unknown, apiBase: string): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined
  const { protocol, href } = new URL(value)
  const safe = protocol === 'https:' || protocol === new URL(apiBase).protocol
  return safe && href.length <= maxLength ? href : undefined
}
