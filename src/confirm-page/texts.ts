import { wordsOf } from '../miniprogram/components/scene-pass-confirm/words.js'

const en = {
  title: 'Confirm the sign-in',
  toggle: '中文',
  noLink: 'Open the link in the chat',
  noLinkNext:
    'This page belongs to the link that the official account has sent you. Go back to the chat and open it there.',
  close: 'Back to the chat',
}

export type ConfirmTexts = typeof en

/** What the confirm page adds to the mini program's own words, in both languages. */
export const confirmTexts: { en: ConfirmTexts; zh: ConfirmTexts } = {
  en,
  zh: {
    title: '确认登录',
    toggle: 'English',
    noLink: '请在会话中打开链接',
    noLinkNext: '请返回公众号会话，点击公众号发给您的链接打开此页面。',
    close: '返回会话',
  },
}

type Words = ReturnType<typeof wordsOf>

/**
 * The mini program's own words. What they call 小程序码 is an official account's 二维码 here; English has
 * one word for both.
 */
const inChinese = JSON.parse(
  JSON.stringify(wordsOf('zh')).split('小程序码').join('二维码'),
) as Words

export const wordsHere = (language: 'zh' | 'en'): Words =>
  language === 'zh' ? inChinese : wordsOf('en')
