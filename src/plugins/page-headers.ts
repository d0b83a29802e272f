import helmet from '@fastify/helmet'
import fp from 'fastify-plugin'

/**
 * The strictest headers a page can bear: nothing inline, nothing from elsewhere, in nobody's frame.
 *
 * @param options.https whether browsers reach us by https, so that they may be told to keep to it
 */
export const pageHeaders = fp<{ https: boolean }>(
  async (app, { https }) => {
    await app.register(helmet, {
      contentSecurityPolicy: {
        useDefaults: false,
        directives: {
          defaultSrc: ["'none'"],
          scriptSrc: ["'self'"],
          styleSrc: ["'self'"],
          // data: for the icons of the API's page.
          imgSrc: ["'self'", 'data:'],
          connectSrc: ["'self'"],
          baseUri: ["'none'"],
          formAction: ["'none'"],
          frameAncestors: ["'none'"],
        },
      },
      referrerPolicy: { policy: 'no-referrer' },
      strictTransportSecurity: https ? { maxAge: 31_536_000 } : false,
    })
  },
  { name: 'page-headers' },
)
