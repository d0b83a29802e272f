import type { FastifyPluginAsync } from 'fastify'
import { readFile } from 'node:fs/promises'
import { loginPageCss, loginPageHtml } from '../web/login-page-html.ts'

export type PageRoutesOptions = {
  site: string
  sandbox: boolean
}

/** The hosted login page and its parts. */
export const pageRoutes: FastifyPluginAsync<PageRoutesOptions> = async (app, { site, sandbox }) => {
  const html = loginPageHtml(site, sandbox)
  const script = await readFile(new URL('../web/login-page.js', import.meta.url), 'utf8')
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
