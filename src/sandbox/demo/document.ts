import { both } from '../../html.ts'

/** The demo's third part, which needs the provider. It is for the login page alone, not for those of other apps. */
const otherApps = (
  oidc: boolean,
): string => `<section id="other-apps" class="card" aria-labelledby="other-apps-title" hidden>
        <h2 id="other-apps-title">${both('其他应用通过它登录', 'Another app signs in through it')}</h2>
        ${
          oidc
            ? `<p>${both(
                '一个只会 OpenID Connect 的示例应用，和一台等待手机确认的设备：每个请求都看得见。',
                'An example app that speaks OpenID Connect alone, and a device that waits for a phone, with every request.',
              )}</p>
        <p><a href="/sandbox/app">${both('打开示例应用', 'Open the example app')}</a></p>`
            : `<p>${both(
                'Grafana、Gitea、命令行工具、电视也能用同样的扫码登录。想试一试，请停止服务，再这样启动：',
                'Grafana, Gitea, command-line tools and televisions sign in by the same scan. To try it, stop the service and start it with',
              )} <code>OIDC=on npm start</code></p>`
        }
      </section>`

/**
 * What the sandbox adds to the login page: a phone beside it, and what the two say to the service.
 *
 * @param options.oidc whether there is an example app
 */
export const demoPage = ({ oidc }: { oidc: boolean }) => ({
  bodyClass: 'demo',

  head: `<link rel="stylesheet" href="/sandbox/demo.css">
    <script type="module" src="/sandbox/demo.js"></script>`,

  above: `<div class="notice">
        <p><strong>${both('沙箱', 'Sandbox')}</strong> ${both(
          '这里没有真实的微信：任何人都可以任何身份登录。',
          'There is no real WeChat here: every visitor can sign in as any user.',
        )}</p>
        <p>${both(
          '您同时扮演两个角色：网页和手机。在手机上点“扫码”，选一个用户，再确认登录。网页上的两个标签是两种登录方式：小程序码，或公众号。',
          'You play both parts: the page, and the phone beside it. Tap “Scan the code” on the phone, choose a person, and confirm. The page’s two tabs are two ways to sign in: by a mini program, or by an official account.',
        )}</p>
      </div>`,

  beside: `<section class="handset" aria-labelledby="phone-title">
          <h2 id="phone-title" class="unseen">${both('手机', 'The phone')}</h2>
          <div class="device">
            <iframe id="phone" title="沙箱手机 · Sandbox phone"></iframe>
            <button id="back" type="button" hidden>${both('返回会话', 'Back to the chat')}</button>
            <button id="scan" type="button" disabled>${both('扫码', 'Scan the code')}</button>
          </div>
        </section>
        <section id="claims" class="card" aria-labelledby="claims-title" hidden>
          <h2 id="claims-title">${both('网页收到的登录令牌', 'The login token that the page got')}</h2>
          <p><code id="token"></code></p>
          <p>${both(
            '令牌里写着这些内容。网页只负责转交：必须由您的服务器用公钥验证之后，才能相信其中任何一项。',
            'This is what it says. The page only passes it on: your server must verify it with the public keys before it believes a word.',
          )}</p>
          <dl id="claim-list"></dl>
          <button id="restart" type="button">${both('再登录一次', 'Sign in once more')}</button>
        </section>`,

  below: `${otherApps(oidc)}
      <section class="traffic" aria-labelledby="traffic-title">
        <h2 id="traffic-title">${both('请求与应答', 'Requests and answers')}</h2>
        <p class="small">${both(
          '浏览器和手机对 ScenePass 说的每一句话，最新的在最下面。密钥、令牌和登录凭证只显示开头。',
          'Everything that browser and phone say to ScenePass, the latest last. Of secrets, tokens and login codes you see the beginning only.',
        )}</p>
        <div id="traffic" role="log" aria-live="off" aria-labelledby="traffic-title"><ol></ol></div>
      </section>`,

  // The phone is a page of our own.
  allow: { frameSrc: ["'self'"] },
})
