import type { FastifyInstance } from 'fastify'
import { readFile } from 'node:fs/promises'

const phoneDocument = ({ title, name }: { title: string; name: string }): string =>
  `<!doctype html>
<html lang="zh-CN">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
    <meta name="robots" content="noindex">
    <title>${title}</title>
    <link rel="stylesheet" href="/sandbox/${name}.css">
    <script type="module" src="/sandbox/${name}.js"></script>
  </head>
  <body>
    <header>
      <p id="notice" role="status"></p>
      <button id="language" type="button"></button>
    </header>
    <main id="phone" aria-live="polite"></main>
    <noscript><p>此页面需要 JavaScript。 This page needs JavaScript.</p></noscript>
  </body>
</html>
`

/**
 * Serves a page of the simulated phone: one document, one module, one stylesheet, nothing inline for a
 * strict CSP.
 *
 * @param page.name of its folder, its script and its stylesheet
 * @param page.paths where the document is
 * @param page.style what it adds to the confirm page's stylesheet
 */
export async function servePhonePage(
  app: FastifyInstance,
  page: { title: string; name: string; paths: readonly string[]; style: string },
): Promise<void> {
  const { name, paths, style } = page
  const document = phoneDocument(page)
  // As the build has made them.
  const script = await readFile(new URL(`../${name}/${name}.js`, import.meta.url))
  const shared = await readFile(new URL('../../confirm-page/page.css', import.meta.url), 'utf8')
  for (const [path, type, content] of [
    ...paths.map((path) => [path, 'text/html; charset=utf-8', document] as const),
    [`/${name}.js`, 'text/javascript; charset=utf-8', script],
    [`/${name}.css`, 'text/css; charset=utf-8', shared + style],
  ] as const) {
    app.get(path, (_request, reply) =>
      reply.type(type).header('cache-control', 'no-store').send(content),
    )
  }
}
