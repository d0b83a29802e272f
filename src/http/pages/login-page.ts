import { both, escapeHtml } from '../../html.ts'
import { spaced, type Language, type Words } from '../../language.ts'
import type { Channel } from '../../tickets/ticket.ts'
import type { Site } from '../site.ts'
import { NEEDS_SCRIPT, pageDocument, type PageExtras } from './document.ts'

export type LoginPageExtras = PageExtras

export type LoginPage = {
  site: Site
  language: Language
  /** The doors that are open, the default first; two of them become tabs. */
  channels: readonly Channel[]
  extras: LoginPageExtras | null
  /** What becomes of the login token. */
  use: TokenUse
}

export type TokenUse =
  /** It goes nowhere. */
  | { kind: 'none' }
  /** By a form to an address of the site's. */
  | { kind: 'site'; returnTo: string; state: string | undefined }
  /** It finishes a sign-in to another app, whose page this is. */
  | { kind: 'app'; app: string; begin: string; homeUrl: string | null }
  /** It goes nowhere either: a device, described by `about`, polls for tokens of its own. */
  | { kind: 'device'; app: string; begin: string; about: string }

/** The hosted login page. */
export function loginPage({ site, language, channels, extras, use }: LoginPage): string {
  const begin = 'begin' in use ? use.begin : null
  const name = 'app' in use ? use.app : site.name
  return pageDocument({
    site,
    language,
    title: titleOf(use, name),
    name,
    description: {
      zh: spaced('用微信扫码登录', name, '。'),
      en: `Sign in to ${name} by scanning a code with WeChat.`,
    },
    scripts: [...(SCRIPTS[use.kind] ?? []), '/widget.js'],
    content: `${use.kind === 'device' ? use.about + ON_PHONE : ''}
            ${signIn(channels, begin)}
            ${NEEDS_SCRIPT}
            ${outcome(use, extras !== null)}`,
    extras,
  })
}

const titleOf = ({ kind }: TokenUse, name: string): Words =>
  kind === 'device'
    ? { zh: spaced('在设备上登录', name), en: `Sign in to ${name} on your device` }
    : { zh: spaced('登录', name), en: `Sign in to ${name}` }

/** In place of the element's words, which send a phone's person to a computer. */
const ON_PHONE = `<p id="on-phone" hidden>${both(
  '手机扫不到自己的屏幕。请用微信“扫一扫”扫描设备上的二维码，或在微信中打开本页的链接。',
  'A phone cannot scan its own screen. Scan the code on your device with WeChat, or open this page’s link in WeChat.',
)}</p>`

const SCRIPTS: Partial<Record<TokenUse['kind'], string[]>> = {
  app: ['/sign-in.js'],
  device: ['/device.js'],
}

const names: Record<Channel, string> = {
  miniprogram: both('小程序码', 'Mini program'),
  official_account: both('公众号', 'Official account'),
}

function signIn(channels: readonly Channel[], begin: string | null): string {
  const where = begin === null ? '' : ` begin="${escapeHtml(begin)}"`
  const [first] = channels
  // A mini program's page stays as it was before there was another door.
  if (!first || !channels.includes('official_account')) return `<scene-pass${where}></scene-pass>`
  const element = `<scene-pass channel="${first}"${where}></scene-pass>`
  if (channels.length < 2) return element
  const tabs = channels.map((channel) => {
    const state = channel === first ? 'aria-selected="true"' : 'aria-selected="false" tabindex="-1"'
    return `<button id="tab-${channel}" type="button" role="tab" aria-controls="door" data-channel="${channel}" ${state}>${names[channel]}</button>`
  })
  return `<div class="tabs" role="tablist" aria-labelledby="title">${tabs.join('')}</div>
            <div id="door" role="tabpanel" aria-labelledby="tab-${first}">${element}</div>`
}

function outcome(use: TokenUse, hasExtras: boolean): string {
  switch (use.kind) {
    case 'site':
      return outcomeAtSite(use)
    case 'app':
      return outcomeAtApp(use)
    case 'device':
      return `<div id="outcome" role="status"><p hidden>${both('请回到您的设备。', 'Go back to your device.')}</p></div>`
    case 'none':
      // They show the token themselves.
      if (hasExtras) return ''
      return `<div id="outcome" role="status"><p class="small" hidden>${both(
        '打开本页时没有带上 return_to，因此登录令牌不会交给任何网站。',
        'This page was opened without return_to, so the login token goes to no website.',
      )}</p></div>`
  }
}

function outcomeAtSite({ returnTo, state }: TokenUse & { kind: 'site' }): string {
  const echo =
    state === undefined ? '' : `<input type="hidden" name="state" value="${escapeHtml(state)}">`
  return `<div id="outcome" role="status"><p hidden>${takingBackTo(new URL(returnTo).host)}</p></div>
            <button id="continue" class="primary" type="button" hidden>${both('继续', 'Continue')}</button>
            <form id="hand-over" method="post" action="${escapeHtml(returnTo)}" autocomplete="off" hidden>
              <input type="hidden" name="token" value="">${echo}
            </form>`
}

const takingBackTo = (name: string): string =>
  both(spaced('正在返回', name, ' …', bold), `Taking you back to ${bold(name)} …`)

const bold = (name: string): string => `<b>${escapeHtml(name)}</b>`

function outcomeAtApp({ app, homeUrl }: TokenUse & { kind: 'app' }): string {
  const home =
    homeUrl === null
      ? ''
      : ` <a href="${escapeHtml(homeUrl)}" rel="noreferrer">${both(spaced('返回', app, '', escapeHtml), `Back to ${escapeHtml(app)}`)}</a>`
  return `<div id="outcome" role="status"><p id="returning" hidden>${takingBackTo(app)}</p></div>
            <div id="trouble" role="alert"><p hidden>${both(
              '未能返回：服务没有应答。',
              'Could not take you back: the service does not answer.',
            )}</p></div>
            <p id="ways-on" hidden><button id="again" class="primary" type="button">${both('重试', 'Try again')}</button>${home}</p>
            <button id="give-up" class="quiet" type="button">${both(spaced('不登录，返回', app, '', escapeHtml), `Back to ${escapeHtml(app)} without signing in`)}</button>`
}
