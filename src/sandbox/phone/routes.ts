import type { FastifyPluginAsync } from 'fastify'
import { readFile } from 'node:fs/promises'
import { PHONE_STYLE } from './style.ts'

const PAGE = `<!doctype html>
<html lang="zh-CN">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
    <meta name="robots" content="noindex">
    <title>沙箱手机 · Sandbox phone</title>
    <link rel="stylesheet" href="/sandbox/phone.css">
    <script type="module" src="/sandbox/phone.js"></script>
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

/** The phone page: one document, one module, one stylesheet, nothing inline for a strict CSP. */
export const phoneRoutes: FastifyPluginAsync = async (app) => {
  // As the build has made it, of the mini program's own files.
  const script = await readFile(new URL('phone.js', import.meta.url))
  const style = await readFile(new URL('../../confirm-page/page.css', import.meta.url), 'utf8')
  for (const [path, type, content] of [
    ['/phone', 'text/html; charset=utf-8', PAGE],
    ['/phone.js', 'text/javascript; charset=utf-8', script],
    ['/phone.css', 'text/css; charset=utf-8', style + PHONE_STYLE],
  ] as const) {
    app.get(path, (_request, reply) =>
      reply.type(type).header('cache-control', 'no-store').send(content),
    )
  }
}
