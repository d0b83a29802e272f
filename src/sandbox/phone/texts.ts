const en = {
  title: 'Sandbox phone',
  toggle: '中文',
  notice: 'A simulated phone: no WeChat, no real account.',
  who: 'Who holds this phone?',
  other: 'Another name',
  otherRule: 'a to z, 0 to 9, _ and -, at most 32',
  use: 'Scan as this user',
  handOver: 'Another user',
}

export type PhoneTexts = typeof en

/** What the sandbox adds to the mini program's own words, in both languages. */
export const phoneTexts: { en: PhoneTexts; zh: PhoneTexts } = {
  en,
  zh: {
    title: '沙箱手机',
    toggle: 'English',
    notice: '这是模拟手机：没有微信，也没有真实账号。',
    who: '谁在使用这部手机？',
    other: '其他用户名',
    otherRule: '仅限 a–z、0–9、_ 和 -，最多 32 个字符',
    use: '以该用户扫码',
    handOver: '换一个用户',
  },
}
