import type { KoaContextWithOIDC } from 'oidc-provider'
import { escapeHtml, htmlDocument } from '../html.ts'
import type { Language } from '../language.ts'

/** The few pages that the protocol itself answers with. They load one stylesheet and nothing else. */

type Texts = Record<Language, { title: string; text: string }>

export type ProtocolPages = {
  /** @param isOver whether a sign-in is not there any more */
  error(
    ctx: KoaContextWithOIDC,
    out: { error: string; error_description?: string | undefined },
    isOver: boolean,
  ): void
  /** Asks before it signs out. @param form the library's, with a token against forgery in it */
  logout(ctx: KoaContextWithOIDC, form: string): void
  loggedOut(ctx: KoaContextWithOIDC): void
}

const ERRORS: Record<string, Texts> = {
  invalid_client: {
    en: { title: 'Unknown app', text: 'The app that sent you here is not registered.' },
    zh: { title: '未知的应用', text: '把您带到这里的应用没有在此登记。' },
  },
  invalid_redirect_uri: {
    en: {
      title: 'Wrong address',
      text: 'The address to return to is not registered for this app.',
    },
    zh: { title: '地址不符', text: '返回地址不在该应用登记的地址之中。' },
  },
  over: {
    en: {
      title: 'This sign-in is over',
      text: 'It has expired, or was opened in another browser. Go back to the app and sign in again.',
    },
    zh: {
      title: '本次登录已结束',
      text: '本次登录已过期，或是在另一个浏览器中打开的。请回到应用重新登录。',
    },
  },
  temporarily_unavailable: {
    en: { title: 'Not available', text: 'The service is busy. Try again in a moment.' },
    zh: { title: '暂时不可用', text: '服务繁忙，请稍后再试。' },
  },
  server_error: {
    en: { title: 'Something went wrong', text: 'Try again in a moment.' },
    zh: { title: '出错了', text: '请稍后再试。' },
  },
}

const OTHER: Texts = {
  en: { title: 'The app made a mistake', text: 'Its request cannot be answered.' },
  zh: { title: '应用的请求有误', text: '无法处理该请求。' },
}

const LOGOUT = {
  en: { title: 'Sign out?', yes: 'Sign out', no: 'Stay signed in' },
  zh: { title: '要退出登录吗？', yes: '退出登录', no: '保持登录' },
}

const LOGGED_OUT: Texts = {
  en: { title: 'Signed out', text: 'You can close this page.' },
  zh: { title: '已退出登录', text: '现在可以关闭此页面。' },
}

/** The rule of every page of ours. */
const languageOf = (ctx: KoaContextWithOIDC): Language =>
  !ctx.get('accept-language') || ctx.acceptsLanguages('zh', 'en') === 'zh' ? 'zh' : 'en'

/** @param logo the media type of the site's logo; null: there is none */
export function createProtocolPages(logo: string | null): ProtocolPages {
  function show(ctx: KoaContextWithOIDC, title: string, body: string): void {
    ctx.vary('Accept-Language')
    ctx.type = 'html'
    ctx.body = htmlDocument({
      language: languageOf(ctx),
      title,
      logo,
      head: '<link rel="stylesheet" href="/page.css">',
      body: `<main>
      <div class="page"><section class="card"><h1>${title}</h1>${body}</section></div>
    </main>`,
    })
  }

  return {
    error(ctx, out, isOver) {
      const { title, text } = (ERRORS[isOver ? 'over' : out.error] ?? OTHER)[languageOf(ctx)]
      const details = [out.error, out.error_description].filter((part) => part !== undefined)
      show(ctx, title, `<p>${text}</p><p><small>${escapeHtml(details.join(': '))}</small></p>`)
    },

    logout(ctx, form) {
      const { title, yes, no } = LOGOUT[languageOf(ctx)]
      const button = (rest: string) => `<button type="submit" form="op.logoutForm"${rest}</button>`
      const buttons = `${button(` name="logout" value="yes" autofocus>${yes}`)} ${button(`>${no}`)}`
      show(ctx, title, `${form}<p class="buttons">${buttons}</p>`)
    },

    loggedOut(ctx) {
      const { title, text } = LOGGED_OUT[languageOf(ctx)]
      show(ctx, title, `<p>${text}</p>`)
    },
  }
}
