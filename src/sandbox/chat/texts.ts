import { phoneTexts, type PhoneTexts } from '../phone/texts.ts'

const en = {
  title: 'Sandbox chat',
  toggle: '中文',
  notice: 'A simulated WeChat: no real account.',
  account: 'Official account (sandbox)',
  noScan: 'Scan a code',
  noScanNext: 'This phone opens the account’s chat when it scans a code of its door.',
  stranger: 'You do not follow this account yet. WeChat asks you to, and opens the chat then.',
  notFollowing: 'You do not follow this account. Scan its code to follow it.',
  follow: 'Follow',
  unfollow: 'Unfollow',
  scanned: 'Scanned',
  followed: 'Followed by the code',
  unfollowed: 'Unfollowed: WeChat has deleted the chat',
  silent: 'The account says nothing.',
  handOver: 'Another user',
  /** WeChat's own words, in whatever language the phone has. */
  fault: '该公众号提供的服务出现故障，请稍后再试',
}

export type ChatTexts = typeof en & Pick<PhoneTexts, 'who' | 'other' | 'otherRule' | 'use'>

/** What the account's chat says around the account's own replies, in both languages. */
export const chatTexts: { en: ChatTexts; zh: ChatTexts } = {
  en: { ...phoneTexts.en, ...en },
  zh: {
    ...phoneTexts.zh,
    title: '沙箱会话',
    toggle: 'English',
    notice: '这是模拟的微信：没有真实账号。',
    account: '公众号（沙箱）',
    noScan: '请扫码',
    noScanNext: '这部手机扫描公众号的二维码后，会打开公众号会话。',
    stranger: '您还没有关注这个公众号。微信会先请您关注，然后打开会话。',
    notFollowing: '您没有关注这个公众号。扫描它的二维码即可关注。',
    follow: '关注公众号',
    unfollow: '取消关注',
    scanned: '已扫码',
    followed: '已扫码关注',
    unfollowed: '已取消关注，微信删除了会话',
    silent: '公众号没有回复。',
    handOver: '换一个用户',
    fault: en.fault,
  },
}
