/**
 * Where a person decides who came from an official account's chat. It is the same for all of them: the
 * scene and the proof stand in the link's fragment, which no server is sent.
 */
export const CONFIRM_PAGE = `<!doctype html>
<html lang="zh-CN">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1, viewport-fit=cover">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>确认登录 · Confirm the sign-in</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/confirm.css">
  </head>
  <body>
    <header><span></span><button id="language" type="button"></button></header>
    <main id="confirm" aria-live="polite"></main>
    <noscript><p>此页面需要 JavaScript。 This page needs JavaScript.</p></noscript>
    <script src="/confirm.js"></script>
  </body>
</html>
`
