import { both } from '../../html.ts'

const copyButton = (what: string, zh: string, en: string): string =>
  `<button class="copy" type="button" data-copy="${what}">${both(zh, en)}</button>`

/** One of the steps; the others close when it opens. */
const step = (zh: string, en: string, content: string, open = false): string =>
  `<details name="after"${open ? ' open' : ''}>
            <summary>${both(zh, en)}</summary>
            <div>${content}</div>
          </details>`

/** What a person can do with a login: in place of the page's own card, which has done its work. */
export function afterLogin(guide: boolean): string {
  const read = (name: string, zh: string, en: string): string => {
    const link = (suffix: string, text: string) =>
      guide
        ? `<a href="/sandbox/guide/${name}${suffix}.md" target="_blank">${text}</a>`
        : `${text} <code>docs/${name}${suffix}.md</code>`
    return both(link('.zh-CN', zh), link('', en))
  }
  return `<p id="heard" class="unseen" role="status"></p>
        <section id="claims" class="card" aria-labelledby="claims-title" hidden>
          <div class="head">
            <h2 id="claims-title">${both('登录成功', 'Signed in')}</h2>
            <button id="restart" type="button">${both('再登录一次', 'Sign in once more')}</button>
          </div>
          ${step(
            '网页收到的登录令牌',
            'The login token that the page got',
            `<p class="line"><code id="token"></code>${copyButton('token', '复制令牌', 'Copy the token')}</p>
            <dl id="claim-list"></dl>
            <p class="small">${both(
              '您的服务器验证签名之后，才能相信它。',
              'Your server believes it only once verified.',
            )}</p>`,
            true,
          )}
          ${step(
            '放到您的网页上',
            'Put it on your page',
            `<pre id="page-snippet" tabindex="0"></pre>
            <p class="line">${copyButton('page-snippet', '复制代码', 'Copy the code')}<span>${read('page', '指南：网页', 'Guide: your page')}</span></p>`,
          )}
          ${step(
            '在您的服务器上验证',
            'Verify it on your server',
            `<pre id="server-snippet" tabindex="0"></pre>
            <p class="line">${copyButton('server-snippet', '复制代码', 'Copy the code')}<span>${read(
              'server',
              '指南：Java、Go、Python、PHP、Node.js',
              'Guide: Java, Go, Python, PHP, Node.js',
            )}</span></p>`,
          )}
          ${step(
            '接入您的小程序，正式上线',
            'Your mini program, and going live',
            `<ul>
              <li>${read('mini-program', '把确认页放进您的小程序', 'The confirm page in your mini program')}</li>
              <li>${read('go-live', '换成真实的微信：AppID、域名、体检', 'The real WeChat: AppID, domain, check-up')}</li>
              <li><a href="/docs" target="_blank">${both('接口文档', 'The API')}</a></li>
            </ul>`,
          )}
        </section>`
}
