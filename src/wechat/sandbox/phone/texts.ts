import type { NoticeKind } from './page.ts'

/** What is unusual, by its kind in the answer to a scan. */
const enNotices: Record<NoticeKind, string> = {
  other_country: 'The website was opened in {browser}, this phone is in {phone}.',
  many_tickets:
    'The address that opened the website has opened {count} other sign-ins in 5 minutes.',
  new_browser: 'You have not signed in from this browser before.',
  other_address:
    'The website was opened from another address than this phone’s, as is usual with mobile data.',
}
const zhNotices: typeof enNotices = {
  other_country: '网页是在 {browser} 打开的，这部手机在 {phone}。',
  many_tickets: '打开该网页的 IP 地址在 5 分钟内还发起了 {count} 次其他登录。',
  new_browser: '您以前没有在这个浏览器上登录过。',
  other_address: '打开网页的 IP 地址与这部手机的不同（手机使用移动数据时属正常情况）。',
}

const en = {
  title: 'Sandbox phone',
  toggle: '中文',
  notice: 'A simulated phone: no WeChat, no real account.',
  noScene: 'Scan the code on the website first.',
  who: 'Who holds this phone?',
  other: 'Another name',
  otherRule: 'a to z, 0 to 9, _ and -, at most 32',
  use: 'Scan as this user',
  ask: 'Sign in to {site}?',
  browser: 'Browser',
  system: 'System',
  address: 'Address',
  time: 'Time',
  unknown: 'unknown',
  compare: 'The website must show this number:',
  choose: 'Tap the number that the website shows:',
  warning: 'Confirm only what you opened yourself.',
  confirm: 'Confirm',
  decline: 'Decline',
  confirmed: 'Signed in',
  confirmedNext: 'You can go back to the website.',
  denied: 'Declined',
  deniedNext: 'The website has not been signed in.',
  failed: 'That did not work',
  retry: 'Back',
  busy: 'One moment …',
  notices: enNotices,
  offline: 'The service gave no answer that can be read. Check that it runs, then try again.',
}

export type PhoneTexts = { en: typeof en; zh: typeof en }

/** Every word of the phone page, in both languages. */
export const phoneTexts: PhoneTexts = {
  en,
  zh: {
    title: '沙箱手机',
    toggle: 'English',
    notice: '这是模拟手机：没有微信，也没有真实账号。',
    noScene: '请先扫描网页上的小程序码。',
    who: '谁在使用这部手机？',
    other: '其他用户名',
    otherRule: '仅限 a–z、0–9、_ 和 -，最多 32 个字符',
    use: '以该用户扫码',
    ask: '登录 {site}？',
    browser: '浏览器',
    system: '系统',
    address: 'IP 地址',
    time: '时间',
    unknown: '未知',
    compare: '网页上应显示此数字：',
    choose: '请点击网页上显示的数字：',
    warning: '仅确认您本人打开的登录。',
    confirm: '确认登录',
    decline: '拒绝登录',
    confirmed: '登录成功',
    confirmedNext: '您可以返回网页。',
    denied: '已拒绝',
    deniedNext: '网页未登录。',
    failed: '操作未成功',
    retry: '返回',
    busy: '请稍候…',
    notices: zhNotices,
    offline: '服务没有返回可读取的结果。请确认服务正在运行，然后重试。',
  },
}
