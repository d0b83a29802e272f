const SHOWN = 10
const PRIVATE = new Set([
  'token',
  'secret',
  'code',
  'session_key',
  'access_token',
  'refresh_token',
  'id_token',
  'device_code',
  'code_verifier',
])

/** The beginning of a secret: a screenshot must not show the whole. */
export const shorten = (text: string): string =>
  text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text

/**
 * JSON as it may be shown: whole, but for secrets, tokens and login codes.
 *
 * @param text what was sent; anything but JSON is not shown at all
 */
export function presentable(text: string): string {
  if (text === '') return ''
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return '…'
  }
  return JSON.stringify(value, hide, 2)
}

/** A form, or a query, as it may be shown: a line a field. */
export const presentableForm = (fields: Record<string, string>): string =>
  Object.entries(fields)
    .map(([name, value]) => `${name}=${PRIVATE.has(name) ? shorten(value) : value}`)
    .join('\n')

/** What stands behind the scene in the link of a chat. */
const PROOF = /(#[\w-]+\.)([\w-]+)/g

/** An image in an answer: its kind, and its beginning. */
const DATA = /^(data:[^,]*,.{10}).+$/s

/** `code` is also an error's name (`TICKET_EXPIRED`) and what two people compare (`47`). */
function hide(key: string, value: unknown): unknown {
  if (typeof value !== 'string') return value
  if (DATA.test(value)) return value.replace(DATA, '$1…')
  if (key === 'reply') {
    return value.replace(PROOF, (_, before: string, proof: string) => before + shorten(proof))
  }
  return PRIVATE.has(key) && !/^[A-Z_]+$/.test(value) ? shorten(value) : value
}
