import helmet from '@fastify/helmet'
import type { FastifyPluginAsync } from 'fastify'
import { readFile } from 'node:fs/promises'
import { loginPageCss, loginPageHtml } from '../web/login-page-html.ts'

export type PageRoutesOptions = {
  site: string
  /** Whether browsers reach the service by https, so that they may be told to keep to it. */
  https: boolean
  sandbox: boolean
}

/** What tsc made of a file in src/web: beside this one when built, in dist when run from source. */
const builtModule = (name: string): URL =>
  new URL(
    import.meta.url.endsWith('.ts') ? `../../dist/src/web/${name}` : `../web/${name}`,
    import.meta.url,
  )

/** The hosted login page and its parts, behind the strictest headers a page can bear. */
export const pageRoutes: FastifyPluginAsync<PageRoutesOptions> = async (
  app,
  { site, https, sandbox },
) => {
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        connectSrc: ["'self'"],
        baseUri: ["'none'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    strictTransportSecurity: https ? { maxAge: 31_536_000 } : false,
  })

  const html = loginPageHtml(site, sandbox)
  const script = await readFile(builtModule('login-page.js'), 'utf8')
  for (const [path, type, content] of [
    ['/', 'text/html; charset=utf-8', html],
    ['/login-page.js', 'text/javascript; charset=utf-8', script],
    ['/login-page.css', 'text/css; charset=utf-8', loginPageCss],
  ] as const) {
    app.get(path, { schema: { hide: true } }, (_request, reply) =>
      reply.type(type).header('cache-control', 'no-cache').send(content),
    )
  }
}
