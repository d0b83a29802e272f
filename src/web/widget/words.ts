import type { SignInChannel } from '../client.ts'
import type { ScenePassState } from './state.ts'

/** For each state what it is, and what to do. */
type Words = Record<ScenePassState | 'press', readonly [title: string, hint: string]> & {
  lang: string
  alt: string
  match: string
  /** Where the phone offers three to tap. */
  choose: string
  /** On the phone itself, whose screen will show another page. */
  remember: string
  left: string
  again: string
  open: string
  anyway: string
  /** The code of a bundled element that was not told where ScenePass is. */
  SRC_MISSING: string
}

const zh: Words = {
  lang: 'zh-CN',
  alt: '微信小程序码',
  match: '请与手机核对',
  choose: '请在手机上点选',
  remember: '请记住',
  left: '后失效',
  loading: ['正在准备二维码…', ''],
  pending: ['微信扫码登录', '打开微信“扫一扫”，扫描小程序码'],
  press: ['长按小程序码登录', '在小程序中确认后，请回到本页'],
  scanned: ['已扫码', '请在手机上确认登录'],
  confirmed: ['登录成功', ''],
  denied: ['已在手机上拒绝登录', '如需登录，请重新扫码'],
  expired: ['小程序码已过期', '刷新后请重新扫码'],
  offline: ['网络不通', '正在重试，请稍候'],
  busy: ['服务繁忙', '正在重试，请稍候'],
  error: ['暂时无法登录', '请重试，或将此代码告知网站：'],
  link: ['微信登录', '在小程序中确认后，请回到本页'],
  computer: ['请在电脑上打开本页', '手机扫不到自己的屏幕'],
  again: '刷新小程序码',
  open: '打开微信',
  anyway: '仍然显示小程序码',
  SRC_MISSING: '请设置 <scene-pass src="https://…">',
}

/** What is different with an official account's code. */
const zhAccount: Partial<Words> = {
  alt: '公众号二维码',
  pending: ['微信扫码登录', '打开微信“扫一扫”，扫描二维码 · 首次扫码需先关注公众号'],
  press: ['长按识别图中二维码', '首次需先关注公众号。在会话中打开链接并确认后，请回到本页'],
  scanned: ['已扫码', '请在公众号会话中打开链接并确认'],
  expired: ['二维码已过期', '刷新后请重新扫码'],
  again: '刷新二维码',
  anyway: '仍然显示二维码',
}

const en: Words = {
  lang: 'en',
  alt: 'WeChat mini program code',
  match: 'Compare with the phone',
  choose: 'Tap it on the phone',
  remember: 'Remember this',
  left: 'left',
  loading: ['Preparing the code…', ''],
  pending: ['Sign in with WeChat', 'Open WeChat and scan the code'],
  press: ['Long-press the code to sign in', 'Confirm in the mini program, then come back here'],
  scanned: ['Scanned', 'Confirm on your phone'],
  confirmed: ['Signed in', ''],
  denied: ['Declined on the phone', 'To sign in, scan again'],
  expired: ['The code has expired', 'Refresh it and scan again'],
  offline: ['No connection', 'Trying again, please wait'],
  busy: ['The service is busy', 'Trying again, please wait'],
  error: ['Cannot sign in right now', 'Try again, or tell the website this code:'],
  link: ['Sign in with WeChat', 'Confirm in the mini program, then come back here'],
  computer: ['Open this page on a computer', 'A phone cannot scan its own screen'],
  again: 'Refresh the code',
  open: 'Open WeChat',
  anyway: 'Show the code anyway',
  SRC_MISSING: 'Set <scene-pass src="https://…">',
}

const enAccount: Partial<Words> = {
  alt: 'QR code of a WeChat official account',
  pending: [
    'Sign in with WeChat',
    'Open WeChat and scan the code · The first time, follow the official account',
  ],
  press: [
    'Long-press the code to sign in',
    'The first time, follow the account. Confirm by the link in the chat, then come back here',
  ],
  scanned: ['Scanned', 'Open the link in the official account’s chat and confirm'],
}

/** @param language a BCP 47 tag; Chinese for any zh, English for everything else */
export function wordsOf(language: string, channel?: SignInChannel): Words {
  const [words, account] = /^zh/i.test(language) ? [zh, zhAccount] : [en, enAccount]
  return channel === 'official_account' ? { ...words, ...account } : words
}
