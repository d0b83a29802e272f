import type { FastifyPluginAsync } from 'fastify'
import { readFile } from 'node:fs/promises'
import { loginPageCss, loginPageHtml } from '../web/login-page-html.ts'

export type PageRoutesOptions = {
  site: string
  sandbox: boolean
}

/** What tsc made of a file in src/web: beside this one when built, in dist when run from source. */
const builtModule = (name: string): URL =>
  new URL(
    import.meta.url.endsWith('.ts') ? `../../dist/src/web/${name}` : `../web/${name}`,
    import.meta.url,
  )

/** The hosted login page and its parts. */
export const pageRoutes: FastifyPluginAsync<PageRoutesOptions> = async (app, { site, sandbox }) => {
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
