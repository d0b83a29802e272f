import type { onRequestHookHandler } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../../errors.ts'
import type { Origins } from '../origins.ts'

const CHANGES = new Set(['POST', 'DELETE'])

/**
 * Refuses what a page of another site makes its visitors' browsers do, before it is counted: a
 * simple POST needs no permission by CORS, and would use up the limits of the visitor's address.
 * Browsers say where a request comes from (`Origin`, `Sec-Fetch-Site`); other programs say nothing,
 * and are not meant.
 *
 * @see https://www.w3.org/TR/fetch-metadata/
 */
export const foreignPages = fp<{ origins: Origins }>(
  async (app, { origins }) => {
    const refuse: onRequestHookHandler = (request, _reply, done) => {
      const { audience } = request.routeOptions.config
      const { origin, 'sec-fetch-site': site } = request.headers
      const isNamed = origin !== undefined && origins.isOurs(request)
      if (isNamed || !isForeign(audience, origin, site)) return done()
      return done(new AppError('ORIGIN_NOT_ALLOWED'))
    }
    // Not before polls, which pay for every hook.
    app.addHook('onRoute', (route) => {
      if (![route.method].flat().some((method) => CHANGES.has(method))) return
      route.onRequest = [refuse, route.onRequest ?? []].flat()
    })
  },
  { name: 'foreign-pages' },
)

/** A mini program is no page, but its developer tool is a browser, with an origin of its own. */
function isForeign(
  audience: string | undefined,
  origin: string | undefined,
  site: string | string[] | undefined,
): boolean {
  if (audience === 'browser') return origin !== undefined || site === 'cross-site'
  return audience === 'phone' && site === 'cross-site'
}
