import cors from '@fastify/cors'
import fp from 'fastify-plugin'

/** What pages of other origins may call; the phone's calls are not a browser's. */
const browserPath = /^\/ticket(?:\/[^/?]+(?:\/(?:qrcode|link))?)?(?:\?|$)/

/** A module script is fetched as the calls are. */
const isForBrowsers = (url: string): boolean =>
  browserPath.test(url) || /^\/widget\.js(?:\?|$)/.test(url)

/**
 * CORS for the listed origins on the browser's paths. Registered before everything that can refuse,
 * so that a page can read a refusal as well.
 */
export const crossOrigin = fp<{ origins: readonly string[] }>(
  async (app, { origins }) => {
    if (origins.length === 0) return
    const allowed = {
      origin: [...origins],
      methods: ['GET', 'POST', 'DELETE'],
      allowedHeaders: ['authorization', 'content-type'],
      exposedHeaders: ['location', 'retry-after'],
      maxAge: 600,
      strictPreflight: false,
    }
    await app.register(cors, {
      delegator: (request, callback) =>
        callback(null, isForBrowsers(request.url) ? allowed : { origin: false }),
    })
  },
  { name: 'cross-origin' },
)
