import { isIP } from 'node:net'

/**
 * An address as it is shown and stored: IPv4 in IPv6 as IPv4, without an IPv6 zone (RFC 4007), or
 * null where it is none. A trusted proxy hands on all that its client claims.
 */
export function plainAddress(text: string): string | null {
  if (isIP(text) === 0) return null
  return text.replace(/^::ffff:(?=\d+\.)/i, '').replace(/%.*$/, '')
}

/** What an address counts as in limits: IPv6 by its /64, because one customer has all of that. */
export function limitKey(text: string): string {
  const address = plainAddress(text) ?? 'unknown'
  if (isIP(address) !== 6) return address
  const [head = '', tail] = address.split('::')
  const groups = (part: string) => (part === '' ? [] : part.split(':'))
  const left = groups(head)
  const right = tail === undefined ? [] : groups(tail)
  const zeros =
    tail === undefined ? [] : Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  const prefix = [...left, ...zeros, ...right].slice(0, 4)
  return `${prefix.map((group) => Number.parseInt(group, 16).toString(16)).join(':')}::/64`
}
