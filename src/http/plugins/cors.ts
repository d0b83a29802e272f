import cors, { type FastifyCorsOptions } from '@fastify/cors'
import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import type { Origins } from '../origins.ts'

/**
 * CORS for the listed origins on the routes that browsers call. Registered before everything that can
 * refuse, so that a page can read a refusal as well.
 */
export const crossOrigin = fp<{ origins: Origins }>(
  async (app, { origins }) => {
    if (!origins.any) return
    const allowed: FastifyCorsOptions = {
      origin: (origin, callback) => callback(null, origins.isListed(origin ?? '')),
      methods: ['GET', 'POST', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type'],
      exposedHeaders: ['location', 'retry-after'],
      maxAge: 600,
      strictPreflight: false,
    }
    await app.register(cors, {
      delegator: ({ routeOptions }, callback) =>
        callback(null, routeOptions.config.audience === 'browser' ? allowed : { origin: false }),
    })
    answerPreflights(app)
  },
  { name: 'cross-origin' },
)

/** A preflight asks for a path with any method to follow: each path gets a route of its own. */
function answerPreflights(app: FastifyInstance): void {
  const paths = new Set<string>()
  app.addHook('onRoute', ({ url, method, config }) => {
    if (config?.audience !== 'browser' || config.cors === false) return
    if (method === 'OPTIONS' || paths.has(url)) return
    paths.add(url)
    const options = { config: { audience: 'browser' }, schema: { hide: true } } as const
    // The hook of CORS answers first; this is for an OPTIONS that is no preflight.
    app.options(url, options, (_request, reply) => reply.callNotFound())
  })
}
