import { both } from '../../html.ts'
import { afterLogin } from './after-login.ts'

/** The demo's third part, which needs the provider. It is for the login page alone, not for those of other apps. */
const otherApps = (oidc: boolean): string =>
  `<p id="other-apps" class="small" hidden>${
    oidc
      ? both(
          '其他应用也能用它登录：<a href="/sandbox/app">打开示例应用</a>',
          'Other apps sign in through it, too: <a href="/sandbox/app">Open the example app</a>',
        )
      : both(
          'Grafana、Gitea、命令行工具也能这样登录，试一试：',
          'Grafana, Gitea and command-line tools can sign in by it, too:',
        ) + ' <code>OIDC=on npm start</code>'
  }</p>`

const SCAN_ICON = `<svg viewBox="0 0 48 48" width="48" height="48" aria-hidden="true"><path d="M6 15V9a3 3 0 0 1 3-3h6M33 6h6a3 3 0 0 1 3 3v6M42 33v6a3 3 0 0 1-3 3h-6M15 42H9a3 3 0 0 1-3-3v-6M6 24h36"/></svg>`

/**
 * What the sandbox adds to the login page: a phone beside it, and what the two say to the service. All
 * of it fits the screen of a laptop.
 *
 * @param options.oidc whether there is an example app
 * @param options.guide whether the guides can be read here
 */
export const demoPage = ({ oidc, guide }: { oidc: boolean; guide: boolean }) => ({
  bodyClass: 'demo whole',

  head: `<link rel="stylesheet" href="/sandbox/demo.css">
    <script type="module" src="/sandbox/demo.js"></script>`,

  above: `<p class="notice"><strong>${both('沙箱', 'Sandbox')}</strong> ${both(
    '没有真实的微信，任何人都可以任何身份登录。请在手机上点“扫一扫”，选一个用户，再确认登录。',
    'No real WeChat: any visitor can sign in as any user. On the phone tap “Scan the code”, choose a person, then confirm.',
  )}</p>`,

  beside: `<section class="handset" aria-labelledby="phone-title">
          <h2 id="phone-title" class="unseen">${both('手机', 'The phone')}</h2>
          <div class="device" data-screen="rest">
            <iframe id="phone" title="沙箱手机 · Sandbox phone"></iframe>
            <button id="back" type="button" hidden>${both('返回会话', 'Back to the chat')}</button>
            <button id="scan" type="button" disabled>${SCAN_ICON}${both('扫一扫', 'Scan the code')}</button>
          </div>
        </section>
        ${afterLogin(guide)}
        <section class="traffic" aria-labelledby="traffic-title">
          <h2 id="traffic-title">${both('请求与应答', 'Requests and answers')}</h2>
          <p class="small">${both(
            '浏览器和手机对 ScenePass 说的每一句话。密钥、令牌和登录凭证只显示开头。',
            'Everything that browser and phone say to ScenePass. Of secrets, tokens and login codes you see the beginning only.',
          )}</p>
          <div id="traffic" role="log" aria-live="off" aria-labelledby="traffic-title" tabindex="0"><ol></ol></div>
          ${otherApps(oidc)}
        </section>`,

  below: '',

  // The phone is a page of our own.
  allow: { frameSrc: ["'self'"] },
})
