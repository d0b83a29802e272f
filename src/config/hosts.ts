import { BlockList, isIP } from 'node:net'

/** Addresses that the internet does not reach: RFC 6890, and those of carriers (RFC 6598). */
const INSIDE = new BlockList()
for (const [network, bits] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.168.0.0', 16],
] as const) {
  INSIDE.addSubnet(network, bits, 'ipv4')
}
INSIDE.addAddress('::', 'ipv6')
INSIDE.addAddress('::1', 'ipv6')
INSIDE.addSubnet('fc00::', 7, 'ipv6')
INSIDE.addSubnet('fe80::', 10, 'ipv6')

/** Names that no public server of names knows: RFC 6761, 6762, 8375 and ICANN's `internal`. */
const INSIDE_NAMES = /\.(localhost|local|lan|internal|test|home\.arpa)$/

const bare = (host: string): string => host.replace(/^\[(.*)\]$/, '$1').toLowerCase()

/**
 * Whether a host is this very machine, without asking a server of names.
 *
 * @param host a name or an address, an IPv6 one with or without brackets
 */
export const isLoopback = (host: string): boolean =>
  /^(localhost|127(\.\d{1,3}){3}|::1|::ffff:7f[0-9a-f]{2}:[0-9a-f]{1,4})$/.test(bare(host))

/** Whether the internet may reach a host: an address of it, or a name of more than one part. */
export function isPublic(host: string): boolean {
  const name = bare(host)
  const family = isIP(name)
  if (family !== 0) return !INSIDE.check(name, family === 6 ? 'ipv6' : 'ipv4')
  const withoutDot = name.replace(/\.$/, '')
  return /^[^\s/:?#@]+\.[^\s/:?#@]+$/.test(withoutDot) && !INSIDE_NAMES.test(withoutDot)
}
