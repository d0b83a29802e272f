import proxyAddr from '@fastify/proxy-addr'
import { plainAddress } from '../ip-address.ts'

/** Whether an address is one of our proxies, however it is written. */
export function trusting(proxies: readonly string[]): (address: string, hop: number) => boolean {
  const isProxy = proxyAddr.compile([...proxies])
  return (address, hop) => isProxy(plainAddress(address) ?? address, hop)
}
