import helmet from '@fastify/helmet'
import fp from 'fastify-plugin'
import { PAGE_POLICY } from '../../page-policy.ts'

export type PageHeadersOptions = {
  /** Whether browsers reach us by https, so that they may be told to keep to it. */
  https: boolean
  /** What these pages need beyond the strictest policy. */
  allow?: Record<string, string[]>
  /** The paths among them that our own pages may show in a frame. */
  framed?: readonly string[]
}

const PERMISSIONS = ['camera', 'microphone', 'geolocation', 'payment', 'usb']
  .map((feature) => `${feature}=()`)
  .join(', ')

/** The strictest headers a page can bear: nothing inline, nothing from elsewhere, in no frame. */
export const pageHeaders = fp<PageHeadersOptions>(
  async (app, { https, allow, framed = [] }) => {
    const policy = (frameAncestors: string) => ({
      useDefaults: false,
      directives: {
        ...PAGE_POLICY,
        frameAncestors: [frameAncestors],
        ...allow,
      },
    })
    app.addHook('onRoute', (route) => {
      if (!framed.includes(route.url)) return
      route.helmet = {
        contentSecurityPolicy: policy("'self'"),
        frameguard: { action: 'sameorigin' },
      }
    })
    // None of these pages asks for anything of the device.
    app.addHook('onRequest', (_request, reply, done) => {
      reply.header('permissions-policy', PERMISSIONS)
      done()
    })
    await app.register(helmet, {
      contentSecurityPolicy: policy("'none'"),
      frameguard: { action: 'deny' },
      referrerPolicy: { policy: 'no-referrer' },
      strictTransportSecurity: https ? { maxAge: 31_536_000 } : false,
    })
  },
  { name: 'page-headers' },
)
