import { BlockList, isIP } from 'node:net'
import { isLoopback } from './hosts.ts'

type Environment = Readonly<Record<string, string | undefined>>

/** As other programs have it: the name in lower case wins, and an empty value counts as not set. */
const valueOf = (env: Environment, name: string): string | null =>
  env[name.toLowerCase()]?.trim() || env[name]?.trim() || null

/**
 * The proxy that calls to an address go through, by the variables that other programs read, too; null
 * where they go there directly.
 *
 * @returns the setting that names it, and its value
 */
export function proxyFor(
  target: string,
  env: Environment,
): { setting: 'HTTPS_PROXY' | 'HTTP_PROXY'; value: string } | null {
  const { protocol, hostname, port } = new URL(target)
  const host = hostname.replace(/^\[(.*)\]$/, '$1').toLowerCase()
  if (isLoopback(host)) return null
  const at = { host, port: Number(port) || (protocol === 'https:' ? 443 : 80) }
  if (isExcepted(at, valueOf(env, 'NO_PROXY') ?? '')) return null
  const own = protocol === 'https:' ? valueOf(env, 'HTTPS_PROXY') : null
  if (own !== null) return { setting: 'HTTPS_PROXY', value: own }
  const other = valueOf(env, 'HTTP_PROXY')
  return other === null ? null : { setting: 'HTTP_PROXY', value: other }
}

/** The proxy's URL; null where it is none that we can speak to. A missing scheme means http. */
export function readProxy(value: string): string | null {
  const text = value.includes('://') ? value : `http://${value}`
  if (!URL.canParse(text)) return null
  const { protocol, hostname, pathname, search, hash, username, password } = new URL(text)
  const fits =
    /^https?:$/.test(protocol) && hostname !== '' && pathname === '/' && search + hash === ''
  return fits && isDecodable(username) && isDecodable(password) ? new URL(text).href : null
}

function isDecodable(text: string): boolean {
  try {
    return decodeURIComponent(text) !== null
  } catch {
    return false // a lone %, which has to be %25
  }
}

function isExcepted(at: { host: string; port: number }, exceptions: string): boolean {
  return exceptions
    .split(/[,;\s]+/)
    .filter((entry) => entry !== '')
    .some((entry) => excepts(entry.toLowerCase(), at))
}

function excepts(entry: string, at: { host: string; port: number }): boolean {
  if (entry === '*') return true
  const [, network = '', bits] = /^([\d.]+|[\da-f:]+)\/(\d{1,3})$/.exec(entry) ?? []
  if (bits !== undefined) return isInside(at.host, network, Number(bits))
  const [, bare = entry, port] = isIP(entry) ? [] : (/^(.*?)(?::(\d+))?$/.exec(entry) ?? [])
  if (port !== undefined && Number(port) !== at.port) return false
  const name = bare.replace(/^\[(.*)\]$/, '$1').replace(/^\*?\./, '')
  return at.host === name || (isIP(at.host) === 0 && at.host.endsWith(`.${name}`))
}

function isInside(host: string, network: string, bits: number): boolean {
  const family = isIP(network)
  if (family === 0 || isIP(host) !== family || bits > (family === 4 ? 32 : 128)) return false
  const list = new BlockList()
  const type = family === 4 ? 'ipv4' : 'ipv6'
  list.addSubnet(network, bits, type)
  return list.check(host, type)
}
