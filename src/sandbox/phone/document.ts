/**
 * A page of the simulated phone: one module, one stylesheet, nothing inline for a strict CSP.
 *
 * @param name of the script and the stylesheet, below `/sandbox/`
 */
export const phoneDocument = ({ title, name }: { title: string; name: string }): string =>
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
