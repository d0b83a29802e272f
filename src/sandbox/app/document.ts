import { both, escapeHtml, htmlDocument } from '../../html.ts'

/**
 * The example app: one page that signs people in by OpenID Connect, and plays a device.
 *
 * @param app.issuer where the provider is, and this page with it
 */
export const exampleApp = (app: { issuer: string; clientId: string }): string =>
  htmlDocument({
    language: 'zh',
    title: '示例应用 · Example app',
    head: `<meta name="issuer" content="${escapeHtml(app.issuer)}">
    <meta name="client-id" content="${escapeHtml(app.clientId)}">
    <link rel="stylesheet" href="/page.css">
    <link rel="stylesheet" href="/sandbox/demo.css">
    <link rel="stylesheet" href="/sandbox/app.css">
    <script type="module" src="/sandbox/app.js"></script>`,
    bodyClass: 'demo',
    body: `<header class="bar">
      <p class="site">${both('示例应用', 'Example app')}</p>
      <button id="language" type="button">
        <span class="zh" lang="en">English</span><span class="en" lang="zh-CN">中文</span>
      </button>
    </header>
    <main>
      <div class="notice">
        <p><strong>${both('沙箱', 'Sandbox')}</strong> ${both(
          '这个应用对微信一无所知，只会 OpenID Connect，就像 Grafana 或 Gitea。它是 ScenePass 的一个客户端，名为',
          'This app knows nothing of WeChat. It speaks OpenID Connect, as Grafana or Gitea do, and is a client of ScenePass called',
        )} <code>${escapeHtml(app.clientId)}</code></p>
      </div>
      <div class="apps">
        <section class="card" aria-labelledby="app-title">
          <h1 id="app-title" tabindex="-1">${both('一个网站', 'A website')}</h1>
          <div id="signed-out">
            <p>${both(
              '点击按钮，浏览器会前往 ScenePass 的登录页；扫码确认之后回到这里。',
              'The button takes the browser to a page of ScenePass. Scan, confirm, and you are back here.',
            )}</p>
            <button id="begin" type="button" class="main">${both('用微信登录', 'Sign in with WeChat')}</button>
          </div>
          <p id="problem" role="alert" hidden></p>
          <div id="signed-in" hidden>
            <p>${both('已登录：', 'Signed in:')} <b id="name"></b></p>
            <p class="small">${both(
              'id_token 中的内容。真正的应用会先由服务器用公钥验证签名。',
              'What the id_token says. A real app has its server verify the signature first.',
            )}</p>
            <dl id="app-claims"></dl>
            <div class="buttons">
              <button id="refresh" type="button">${both('刷新令牌', 'Refresh')}</button>
              <button id="sign-out" type="button">${both('退出登录', 'Sign out')}</button>
            </div>
          </div>
        </section>
        <section class="card" aria-labelledby="device-title">
          <h2 id="device-title" tabindex="-1">${both('一台设备', 'A device')}</h2>
          <p>${both(
            '电视、命令行工具或没有键盘的机器：它显示代码，等人用手机确认。',
            'A television, a command-line tool, a machine without a keyboard: it shows a code, and waits for a phone.',
          )}</p>
          <button id="ask" type="button" class="main">${both('启动设备', 'Start the device')}</button>
          <div id="waiting" hidden>
            <p id="user-code" class="user-code"></p>
            <img id="device-code" width="200" height="200" alt="">
            <p><a id="device-page" target="_blank" rel="noopener">${both(
              '在新标签页中打开它的页面',
              'Open its page in a new tab',
            )}</a></p>
          </div>
          <p id="device-state" role="status"></p>
          <dl id="device-claims"></dl>
        </section>
      </div>
      <section class="traffic" aria-labelledby="traffic-title">
        <h2 id="traffic-title">${both('请求与应答', 'Requests and answers')}</h2>
        <p class="small">${both(
          '应用、设备和浏览器与 ScenePass 之间的往来，最新的在最下面。令牌和授权码只显示开头。',
          'What app, device and browser say to ScenePass, the latest last. Of tokens and codes you see the beginning only.',
        )}</p>
        <div id="traffic" role="log" aria-live="off" aria-labelledby="traffic-title" tabindex="0"><ol></ol></div>
      </section>
      <noscript><p>${both('此页面需要 JavaScript。', 'This page needs JavaScript.')}</p></noscript>
    </main>`,
  })
