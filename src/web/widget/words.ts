import type { SignInChannel } from '../client.ts'
import type { ScenePassState } from './state.ts'

/** What there is to say: of a state, or of what a state means here. */
export type Look =
  | ScenePassState
  /** `pending` inside WeChat on a phone, where the code is pressed and not scanned. */
  | 'press'
  /** `pending` in a phone's browser: the code is scanned from the phone's own pictures. */
  | 'album'
  /** `confirmed`, and the website is not done yet. */
  | 'signing'

type Word =
  | Look
  | 'lang'
  | 'alt'
  | 'match'
  /** Where the phone offers three to tap. */
  | 'choose'
  /** On the phone itself, whose screen will show another page. */
  | 'remember'
  | 'left'

/**
 * Chinese, English, and both again where they differ with an official account's code. Of a look it is a
 * title | what to do | the button or the link.
 */
const words: Record<Word, readonly string[]> = {
  lang: ['zh-CN', 'en'],
  alt: ['微信小程序码', 'WeChat mini program code', '公众号二维码', 'WeChat official account code'],
  match: ['请与手机核对', 'Compare with the phone'],
  choose: ['请在手机上点选', 'Tap it on the phone'],
  remember: ['请记住', 'Remember this'],
  left: ['后失效', 'left'],
  loading: ['正在准备新的二维码…', 'Preparing a new code…'],
  pending: [
    '微信扫码登录|打开微信扫一扫，扫描小程序码',
    'Sign in with WeChat|Open WeChat and scan the code',
    '微信扫码登录|打开微信扫一扫，扫描二维码 · 首次须先关注公众号',
    'Sign in with WeChat|Open WeChat and scan the code · The first time, follow the official account',
  ],
  press: [
    '长按小程序码登录|在小程序中确认后，请回到本页',
    'Long-press the code to sign in|Confirm in the mini program, then come back here',
    '长按二维码登录|首次须先关注公众号。在会话中打开链接并确认后，请回到本页',
    'Long-press the code to sign in|The first time, follow the official account. Confirm in its chat, then come back here',
  ],
  album: [
    '截屏或保存二维码|用微信扫一扫，从相册选取。确认后，请回到本页',
    'Save the code|Pick it in WeChat → Scan → Album. Confirm, then come back here',
  ],
  scanned: [
    '已扫码|请在手机上确认登录',
    'Scanned|Confirm on your phone',
    '已扫码|请在会话中打开链接并确认',
    'Scanned|Open the link in the chat and confirm',
  ],
  confirmed: ['登录成功', 'Signed in'],
  signing: ['正在登录…', 'Signing in…'],
  denied: [
    '已在手机上拒绝|如需登录，请重新扫码|刷新二维码',
    'Declined on the phone|To sign in, scan again|Refresh the code',
  ],
  expired: [
    '二维码已过期|请刷新后重新扫码|刷新二维码',
    'The code has expired|Refresh it and scan again|Refresh the code',
  ],
  offline: ['网络不通|恢复后自动继续|立即重试', 'No connection|It goes on by itself|Try again now'],
  busy: [
    '服务繁忙|稍后自动重试|立即重试',
    'The service is busy|It goes on by itself|Try again now',
  ],
  error: [
    '暂时无法登录|请重试，或将此代码告知网站：|重试',
    'Cannot sign in right now|Try again, or tell the website this code:|Try again',
  ],
  link: [
    '微信登录|在小程序中确认后，请回到本页|打开微信',
    'Sign in with WeChat|Confirm in the mini program, then come back here|Open WeChat',
  ],
  computer: [
    '微信登录|保存二维码，用微信扫一扫，从相册选取。或用电脑打开本页|显示二维码',
    'Sign in with WeChat|Save the code. Pick it in WeChat → Scan → Album. Or use a computer|Show the code',
  ],
}

/** @param language a BCP 47 tag; Chinese for any zh, English for everything else */
export function speak(language: string, channel?: SignInChannel) {
  const at = /^zh/i.test(language) ? 0 : 1
  const account = channel === 'official_account' ? 2 : 0
  return (word: Word) => {
    const of = words[word]
    return `${of[at + account] ?? of[at]}`.split('|') as [string, string?, string?]
  }
}
