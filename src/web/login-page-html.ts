/** The hosted login page: a document and a stylesheet, nothing inline for the strict CSP. */
export const loginPageHtml = (site: string, sandbox: boolean): string => `<!doctype html>
<html lang="zh-CN">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <title>${escapeHtml(site)} · 登录 Sign in</title>
    <link rel="stylesheet" href="/login-page.css">
    <script type="module" src="/login-page.js"></script>
  </head>
  <body>
    <main>
      <p class="site">${escapeHtml(site)}</p>
      <h1 id="state" role="status"></h1>
      <div class="tile"><img id="code" alt="微信小程序码 WeChat mini program code" width="240" height="240" hidden></div>
      <p id="match"></p>
      <p id="hint"></p>
      <button id="again" type="button" hidden></button>
      ${sandbox ? '<p class="sandbox">沙箱：没有真实的微信，任何人都可以任何身份登录。<br>Sandbox: no real WeChat, anybody can sign in as anybody.</p>\n      <a id="phone" target="_blank" rel="noopener" hidden></a>' : ''}
      <noscript>此页面需要 JavaScript。 This page needs JavaScript.</noscript>
    </main>
  </body>
</html>
`

export const loginPageCss = `:root {
  color-scheme: light dark;
  font: 17px/1.5 system-ui, -apple-system, 'PingFang SC', 'Noto Sans CJK SC', sans-serif;
}
body { margin: 0; min-height: 100vh; display: grid; place-items: center; background: #eef1ef; color: #1a1f1c; }
main { width: min(24rem, 100% - 2rem); padding: 1.5rem; box-sizing: border-box; text-align: center; background: #fff; border-radius: 1rem; }
.site { margin: 0; color: #5d6862; }
h1 { font-size: 1.25rem; margin: 0.5rem 0 1rem; }
.tile { display: inline-grid; place-items: center; width: 264px; height: 264px; background: #fff; border-radius: 0.75rem; }
#match { font-variant-numeric: tabular-nums; font-weight: 600; }
#hint { color: #5d6862; overflow-wrap: anywhere; font-size: 0.85rem; }
.sandbox { margin: 1rem 0 0; padding: 0.5rem; font-size: 0.8rem; color: #7a3c00; background: #fff3e0; border-radius: 0.5rem; }
a, button { display: inline-block; margin-top: 0.75rem; font: inherit; color: #0a6b3d; }
button { padding: 0.5rem 1.25rem; border: 1px solid currentColor; border-radius: 0.5rem; background: none; cursor: pointer; }
.tile:has([hidden]), [hidden] { display: none; }
@media (prefers-color-scheme: dark) {
  body { background: #101311; color: #e9eeeb; }
  main { background: #1b201d; }
  .site, #hint { color: #a3aea8; }
  a, button { color: #5fd699; }
}
`

const entities: Record<string, string> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

export const escapeHtml = (text: string): string =>
  text.replace(/[&<>"']/g, (character) => entities[character] ?? '')
