import { both, escapeHtml } from '../../html.ts'
import type { Channel } from '../../tickets/ticket.ts'

/** Markup for places around the page's own, written into the document as it is. */
export type LoginPageExtras = {
  /** Of the body, for the stylesheets of `head`. */
  bodyClass: string
  /** Stylesheets and scripts; the scripts run before the page's own. */
  head: string
  above: string
  beside: string
  below: string
  /** What it needs beyond the page's policy. */
  allow: Record<string, string[]>
}

export type LoginPage = {
  site: string
  language: 'zh' | 'en'
  /** The doors that are open, the default first; two of them become tabs. */
  channels: readonly Channel[]
  extras: LoginPageExtras | null
  /** Where the token goes, and what goes with it; null: nowhere. */
  handOver: { returnTo: string; state: string | undefined } | null
}

/**
 * The hosted login page: a document with nothing inline, for a strict policy. Every sentence is
 * there in both languages; the stylesheet shows the one of `<html lang>`.
 */
export function loginPage({ site, language, channels, extras, handOver }: LoginPage): string {
  const name = escapeHtml(site)
  const title = language === 'zh' ? `登录 ${name}` : `Sign in to ${name}`
  return `<!doctype html>
<html lang="${language === 'zh' ? 'zh-CN' : 'en'}">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta name="robots" content="noindex">
    <title>${title}</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml">
    <link rel="stylesheet" href="/page.css">
    ${extras?.head ?? ''}
    <script type="module" src="/page.js"></script>
    <script type="module" src="/widget.js"></script>
  </head>
  <body${extras ? ` class="${extras.bodyClass}"` : ''}>
    <header class="bar">
      <p class="site">${name}</p>
      <button id="language" type="button">
        <span class="zh" lang="en">English</span><span class="en" lang="zh-CN">中文</span>
      </button>
    </header>
    <main>
      ${extras?.above ?? ''}
      <div class="stage">
        <div class="page">
          <section class="card" aria-labelledby="title">
            <h1 id="title" tabindex="-1">${both(`登录 ${name}`, `Sign in to ${name}`)}</h1>
            ${signIn(channels)}
            <noscript><p>${both('此页面需要 JavaScript。', 'This page needs JavaScript.')}</p></noscript>
            ${outcome(handOver, extras !== null)}
          </section>
        </div>
        ${extras?.beside ?? ''}
      </div>
      ${extras?.below ?? ''}
    </main>
  </body>
</html>
`
}

const names: Record<Channel, string> = {
  miniprogram: both('小程序码', 'Mini program'),
  official_account: both('公众号', 'Official account'),
}

function signIn(channels: readonly Channel[]): string {
  const [first] = channels
  // A mini program's page stays as it was before there was another door.
  if (!first || !channels.includes('official_account')) return '<scene-pass></scene-pass>'
  const element = `<scene-pass channel="${first}"></scene-pass>`
  if (channels.length < 2) return element
  const tabs = channels.map((channel) => {
    const state = channel === first ? 'aria-selected="true"' : 'aria-selected="false" tabindex="-1"'
    return `<button id="tab-${channel}" type="button" role="tab" aria-controls="door" data-channel="${channel}" ${state}>${names[channel]}</button>`
  })
  return `<div class="tabs" role="tablist" aria-labelledby="title">${tabs.join('')}</div>
            <div id="door" role="tabpanel" aria-labelledby="tab-${first}">${element}</div>`
}

function outcome(handOver: LoginPage['handOver'], hasExtras: boolean): string {
  if (handOver) {
    const { returnTo, state } = handOver
    const host = `<b>${escapeHtml(new URL(returnTo).host)}</b>`
    const echo =
      state === undefined ? '' : `<input type="hidden" name="state" value="${escapeHtml(state)}">`
    return `<div id="outcome" role="status"><p hidden>${both(`正在返回 ${host} …`, `Taking you back to ${host} …`)}</p></div>
            <button id="continue" type="button" hidden>${both('继续', 'Continue')}</button>
            <form id="hand-over" method="post" action="${escapeHtml(returnTo)}" autocomplete="off" hidden>
              <input type="hidden" name="token" value="">${echo}
            </form>`
  }
  // They show the token themselves.
  if (hasExtras) return ''
  return `<div id="outcome" role="status"><p class="small" hidden>${both(
    '打开本页时没有带上 return_to，因此登录令牌不会交给任何网站。',
    'This page was opened without return_to, so the login token goes to no website.',
  )}</p></div>`
}
