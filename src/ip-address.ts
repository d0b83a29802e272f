import { isIP } from 'node:net'

/**
 * An address as it is shown and stored, or null where it is none. A trusted proxy hands on all that
 * its client claims, and writes addresses in its own way: with a port (Azure's gateways, IIS), in
 * brackets, in quotes (RFC 7239), with a zone (RFC 4007), IPv4 inside IPv6.
 */
export function plainAddress(text: string): string | null {
  const bare = text.trim().replace(/^"(.*)"$/, '$1')
  const inner =
    /^\[([^\]]*)\](?::\d{1,5})?$/.exec(bare)?.[1] ?? bare.replace(/^([\d.]+):\d{1,5}$/, '$1')
  const address = inner.replace(/%.*$/, '')
  const family = isIP(address)
  if (family === 0) return null
  return family === 4 ? address : plainIpv6(address)
}

/** In the form of RFC 5952; as IPv4 where it is one inside IPv6. */
function plainIpv6(address: string): string {
  const short = new URL(`http://[${address}]`).hostname.slice(1, -1)
  const mapped = /^::ffff:([\da-f]{1,4}):([\da-f]{1,4})$/.exec(short)
  if (!mapped) return short
  const [high, low] = [mapped[1], mapped[2]].map((part) => Number.parseInt(part as string, 16)) as [
    number,
    number,
  ]
  return [high >> 8, high & 255, low >> 8, low & 255].join('.')
}

/** What an address counts as in limits: IPv6 by its /64, because one customer has all of that. */
export const limitKey = (text: string): string => networksOf(text)[0] as string

/**
 * The networks that an address counts in, the smallest first: an IPv4 address by itself; of IPv6 the
 * /64, then the /56 that a line may have, and the /48 that a site may have.
 */
export function networksOf(text: string): string[] {
  const address = plainAddress(text) ?? 'unknown'
  if (isIP(address) !== 6) return [address]
  const groups = groupsOf(address)
  const prefix = (bits: 64 | 56 | 48): string => {
    const whole = groups.slice(0, Math.ceil(bits / 16))
    if (bits === 56) whole[3] = (whole[3] as number) & 0xff00
    return `${whole.map((group) => group.toString(16)).join(':')}::/${bits}`
  }
  return [prefix(64), prefix(56), prefix(48)]
}

function groupsOf(address: string): number[] {
  const [head = '', tail] = address.split('::')
  const read = (part: string) => (part === '' ? [] : part.split(':'))
  const left = read(head)
  const right = tail === undefined ? [] : read(tail)
  const zeros = Array<string>(Math.max(0, 8 - left.length - right.length)).fill('0')
  return [...left, ...zeros, ...right].map((group) => Number.parseInt(group, 16))
}
