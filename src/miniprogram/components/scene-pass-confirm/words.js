/** Every word that the person reads, in both languages. */

const en = {
  howto: 'Sign in by scanning',
  howtoNext: 'Open the website on another screen, and scan the code there with WeChat.',
  old: 'This WeChat is too old',
  oldNext: 'Update WeChat, then scan the code on the website again.',
  loading: 'One moment …',
  ask: 'Sign in to {site}?',
  browser: 'Browser',
  system: 'System',
  address: 'Address',
  time: 'Time',
  unknown: '{name} unknown',
  compare: 'The website must show this number:',
  choose: 'Tap the number that the website shows:',
  warning: 'Confirm only what you opened yourself, never a code that you were sent.',
  left: '{time} left to decide',
  confirm: 'Confirm',
  decline: 'Decline',
  busy: 'One moment …',
  confirming: 'Confirming …',
  declining: 'Declining …',
  confirmed: 'Signed in',
  confirmedNext: 'You can go back to the website.',
  denied: 'Declined',
  deniedNext: 'The website has not been signed in.',
  retry: 'Try again',
  done: 'Done',
  notices: {
    opened_by_link: 'A link brought you here, not a code that you scanned.',
    opened_by_card: 'A card in a chat brought you here, not a code that you scanned.',
    opened_by_mini_program: 'Another mini program brought you here, not a code that you scanned.',
    opened_without_code: 'You did not scan a code to come here.',
    opened_from_picture: 'The code came from a picture, not from a screen before you.',
    opened_in_unknown_way: 'It is not known whether you scanned a code to come here.',
    other_country: 'The website was opened in {browser}, and this phone is in {phone}.',
    other_address: 'The website is open in another network than this phone.',
    many_tickets: 'In the last 5 minutes the same address asked for {count} other sign-ins.',
    new_browser: 'You have not signed in with this browser before.',
  },
  problems: {
    expired: [
      'The code has expired',
      'Refresh the code on the website, then scan the new one with WeChat.',
    ],
    taken: [
      'Another person has scanned this code',
      'Refresh the code on the website, then scan the new one with WeChat.',
    ],
    used: [
      'This code has been used',
      'To sign in once more, refresh the code on the website and scan the new one.',
    ],
    canceled: [
      'The website has canceled',
      'To sign in, refresh the code on the website and scan the new one.',
    ],
    declined: [
      'Declined already',
      'To sign in after all, refresh the code on the website and scan the new one.',
    ],
    wrong: [
      'Not the number on the website, so declined',
      'If it was you, refresh the code on the website and scan the new one.',
    ],
    blocked: [
      'WeChat has blocked this account',
      'WeChat regards it as a risk, so it cannot sign in here. Tencent support can help.',
    ],
    unknown: [
      'This code is not for signing in',
      'Open the website on another screen, and scan the code there with WeChat.',
    ],
    busy: ['The service is busy', 'Wait a moment, then try again.'],
    offline: ['No connection', 'Check the network, then try again.'],
    trouble: [
      'That did not work',
      'Try again. If the problem persists, tell the website this: {code}',
    ],
  },
  /** What is different where a device asks: a television, a terminal. */
  device: {
    ask: 'Sign in to {site} on a device?',
    compare: 'Is this code on your device’s screen?',
    choose: 'Tap the code on your device’s screen:',
    warning: 'Confirm only if the device is before you and you began this yourself.',
    confirmedNext: 'You can go back to your device.',
    deniedNext: 'The device has not been signed in.',
    notices: {
      other_country: 'The device is in {browser}, and this phone is in {phone}.',
      other_address: 'The device is in another network than this phone.',
      new_browser: 'You have not signed in on such a device before.',
    },
    problems: {
      expired: [
        'This sign-in has expired',
        'Begin again on the device, then scan the new code with WeChat.',
      ],
      used: ['This code has been used', 'To sign in once more, begin again on the device.'],
      declined: ['Declined already', 'To sign in after all, begin again on the device.'],
      wrong: [
        'Not the code on the device, so declined',
        'If it was you, begin again on the device.',
      ],
    },
  },
}

/** @type {typeof en} */
const zh = {
  howto: '扫码登录',
  howtoNext: '请在其他设备上打开网站，用微信“扫一扫”扫描网页上的小程序码。',
  old: '微信版本过低',
  oldNext: '请升级微信，然后重新扫描网页上的小程序码。',
  loading: '请稍候…',
  ask: '登录“{site}”？',
  browser: '浏览器',
  system: '系统',
  address: 'IP 地址',
  time: '时间',
  unknown: '{name}未知',
  compare: '请核对：网页上应显示同样的数字',
  choose: '请点击网页上显示的数字：',
  warning: '请确认网页是您本人打开的；别人发来的码请勿确认。',
  left: '剩余 {time}',
  confirm: '确认登录',
  decline: '拒绝登录',
  busy: '请稍候…',
  confirming: '正在确认…',
  declining: '正在拒绝…',
  confirmed: '登录成功',
  confirmedNext: '请返回网页继续。',
  denied: '已拒绝',
  deniedNext: '网页未登录。',
  retry: '重试',
  done: '完成',
  notices: {
    opened_by_link: '您是通过链接打开的，而不是扫码打开的。',
    opened_by_card: '您是通过聊天中的卡片打开的，而不是扫码打开的。',
    opened_by_mini_program: '您是从其他小程序打开的，而不是扫码打开的。',
    opened_without_code: '您不是扫码打开的。',
    opened_from_picture: '小程序码来自图片，而不是您面前的屏幕。',
    opened_in_unknown_way: '无法确认您是否通过扫码打开。',
    other_country: '网页在 {browser} 打开，而这部手机在 {phone}。',
    other_address: '网页与这部手机不在同一网络。',
    many_tickets: '最近 5 分钟内，同一地址还发起了 {count} 次登录。',
    new_browser: '您此前没有用这个浏览器登录过。',
  },
  problems: {
    expired: ['小程序码已过期', '请刷新网页上的小程序码，再用微信重新扫描。'],
    taken: ['此码已被他人扫描', '请刷新网页上的小程序码，再用微信重新扫描。'],
    used: ['此码已使用过', '如需再次登录，请刷新网页上的小程序码并重新扫描。'],
    canceled: ['网页已取消本次登录', '如需登录，请刷新网页上的小程序码并重新扫描。'],
    declined: ['本次登录已被拒绝', '如仍需登录，请刷新网页上的小程序码并重新扫描。'],
    wrong: ['与网页上的数字不一致，已拒绝', '若确为您本人操作，请刷新网页上的小程序码并重新扫描。'],
    blocked: ['微信限制了此账号', '微信判定此账号存在风险，无法在此登录。请联系腾讯客服。'],
    unknown: [
      '这不是登录用的小程序码',
      '请在其他设备上打开网站，用微信“扫一扫”扫描网页上的小程序码。',
    ],
    busy: ['服务繁忙', '请稍等片刻再试。'],
    offline: ['网络不通', '请检查网络后重试。'],
    trouble: ['操作未成功', '请重试。若仍不行，请将此代码告知网站：{code}'],
  },
  device: {
    ask: '在设备上登录“{site}”？',
    compare: '您的设备屏幕上显示的是此代码吗？',
    choose: '请点击设备屏幕上显示的代码：',
    warning: '仅当设备就在您面前，且由您本人发起登录时，才可确认。',
    confirmedNext: '请返回您的设备继续。',
    deniedNext: '设备未登录。',
    notices: {
      other_country: '设备在 {browser}，而这部手机在 {phone}。',
      other_address: '设备与这部手机不在同一网络。',
      new_browser: '您此前没有在这样的设备上登录过。',
    },
    problems: {
      expired: ['本次登录已过期', '请在设备上重新发起登录，再用微信扫描新的小程序码。'],
      used: ['此码已使用过', '如需再次登录，请在设备上重新发起。'],
      declined: ['本次登录已被拒绝', '如仍需登录，请在设备上重新发起。'],
      wrong: ['与设备上的代码不一致，已拒绝', '若确为您本人操作，请在设备上重新发起登录。'],
    },
  },
}

/** @typedef {typeof en} Words */

/**
 * @param {string} language what WeChat or a browser calls it
 * @returns {Words} Chinese for any zh, English for everything else
 */
const wordsOf = (language) => (/^zh/i.test(language) ? zh : en)

/**
 * The same words for a device that asks.
 *
 * @param {Words} words
 * @returns {Words}
 */
const forDevice = (words) =>
  Object.assign({}, words, words.device, {
    notices: Object.assign({}, words.notices, words.device.notices),
    problems: Object.assign({}, words.problems, words.device.problems),
  })

module.exports = { wordsOf, forDevice, en, zh }
