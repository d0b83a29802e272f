import type { FastifyBaseLogger, onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { plainAddress } from '../../ip-address.ts'

/**
 * Says once that a trusted proxy does not name its clients: all of them then share one limit, and the
 * phone shows the proxy's place. Looked at where addresses are counted.
 */
export const unnamedClients = fp<{
  log: Pick<FastifyBaseLogger, 'warn'>
  /** Whether an address is one of our proxies; null: there are none. */
  isTrusted: ((address: string, hop: number) => boolean) | null
}>(
  async (app, { log, isTrusted }) => {
    if (!isTrusted) return
    let told = false
    const look: onRequestHookHandler = (request, _reply, done) => {
      const peer = request.socket.remoteAddress ?? ''
      const client = plainAddress(request.ip)
      if (!told && isTrusted(peer, 0) && (client === null || isTrusted(client, 0))) {
        told = true
        log.warn(
          {
            proxy: plainAddress(peer),
            action:
              'Let the proxy send X-Forwarded-For with the address of its client (docs/operate.md, "Behind nginx"), and name only proxies in TRUST_PROXY.',
          },
          'a proxy of TRUST_PROXY does not say who its client is',
        )
      }
      done()
    }
    app.addHook('onRoute', (route) => {
      if (route.config?.rateLimit) route.onRequest = [route.onRequest ?? [], look].flat()
    })
  },
  { name: 'unnamed-clients' },
)
