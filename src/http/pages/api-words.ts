/**
 * What the API's document says, in Chinese. The document itself is in English alone, for programs; a
 * test finds every sentence that is missing here.
 */
const CHINESE: Readonly<Record<string, string>> = {
  'Sign in to a website by scanning a WeChat mini program code.': '用微信扫码登录网站。',
  'What a page calls': '网页调用',
  'What a mini program calls': '小程序调用',
  "What a website's server calls": '网站的服务器调用',
  'What WeChat calls': '微信调用',
  'What an operator calls': '运维调用',

  'The secret that POST /ticket returned': 'POST /ticket 返回的 secret',
  'Begin a sign-in': '开始一次登录',
  'Begin a ticket that signs in to another app': '为登录其他应用创建票据',
  'Begin a ticket that signs a device in': '为设备登录创建票据',
  'Poll: is the sign-in confirmed?': '轮询：用户确认了吗？',
  'Give up': '放弃',
  'The code to scan': '要扫的码',
  'The link that opens the mini program on a phone': '在手机上打开小程序的链接',
  'Verify the URL of the official account': '验证公众号的服务器地址',
  'What WeChat pushes: a scan, a follow, an unfollow': '微信推送的事件：扫码、关注、取消关注',
  'Scanned: who is asking, from where?': '已扫码：谁在哪里请求登录？',
  Decline: '拒绝',
  'Confirm a ticket, or sign in to the mini program itself': '确认票据，或登录小程序本身',
  'Public keys of the login token, and of id_tokens': '登录令牌和 id_token 的公钥',
  'The process is up': '进程在运行',
  'It can serve: database reachable and migrated, not shutting down':
    '可以提供服务：数据库可达且已迁移，没有正在停止',

  "The ticket's public name, printed in the code": '票据的公开名称，印在码里',
  'Of the sign-in that GET /oidc/authorize began: the cookie':
    '即 GET /oidc/authorize 所开始的登录：Cookie 的值',
  'What the device shows': '设备上显示的码',
  'Which account the code belongs to': '码属于哪个账号',
  'A new ticket': '新票据',
  'Needed for every poll; shown this once': '每次轮询都要用；只给出这一次',
  'Seconds left of the current window': '当前时限的剩余秒数',
  'Seconds to wait before the next poll; fractions allowed, 0 = stop':
    '距下次轮询应等待的秒数；可为小数，0 表示停止',
  "Two digits, or a device's user code": '两位数字，或设备的用户码',
  "To show beside the code: two digits, or a device's user code; null where MATCH_CODE is off and there is no device":
    '显示在码旁：两位数字，或设备的用户码；MATCH_CODE 为 off 且不是设备时为 null',
  'What the phone does with it: nothing, shows it to compare, or offers three to tap':
    '手机上如何使用它：不使用、显示以供核对、给出三个供点选',
  'Answer with the image of the code': '应答中附带码的图片',
  'With ?image=true, if made in time: a data: URL':
    '仅在 ?image=true 且及时生成时有：图片的 data: URL',
  'Where to get the link for phones; only with WECHAT_URL_LINK=on':
    '手机链接的地址；仅在 WECHAT_URL_LINK=on 时有',
  'What happened and what to do, zh or en': '发生了什么、该怎么办，中文或英文',
  'The ticket as it stands; with the token once it is confirmed': '票据的当前状态；确认后带有令牌',
  'The login token, an ES256 JWT': '登录令牌，ES256 的 JWT',
  'Seconds the token still lives': '令牌的剩余秒数',
  Canceled: '已放弃',
  'The code: an image, or JSON for callers that ask for it': '码：图片，或按请求给出 JSON',
  'The image, base64': '图片，base64',
  'The code, for callers that accept JSON': '码，给接受 JSON 的调用方',
  'The link, for a browser on the phone itself': '链接，给手机上的浏览器',
  'Opens the mini program, as the code does': '与码一样，打开小程序',
  'What WeChat sent as echostr': '微信发来的 echostr',
  'A reply, or `success` where there is nothing to say': '回复；无话可说时为 success',
  'What wx.login gave the mini program; works once, for 5 minutes':
    '小程序由 wx.login 得到；5 分钟内有效，只能用一次',
  'wx.getEnterOptionsSync().scene': 'wx.getEnterOptionsSync().scene',
  'Who is asking, from where': '谁在哪里请求',
  'What the person signs in to': '用户要登录的应用或网站',
  'A device asks, and has this on its screen; absent where a browser asks':
    '请求来自设备，它的屏幕上显示此码；来自浏览器时没有',
  'ISO 3166-1 alpha-2; only with LOCATION_HEADER':
    'ISO 3166-1 两位代码；仅在设置 LOCATION_HEADER 时有',
  'RFC 3339, UTC': 'RFC 3339，UTC 时间',
  'Tickets; 1000 means 1000 or more': '票据数；1000 表示 1000 或更多',
  'What is unusual, the gravest first': '不寻常之处，最严重的在前',
  Declined: '已拒绝',
  "With the mini program's own token, unless an official account was scanned; the browser's comes with its next poll":
    '带有小程序自己的令牌（扫公众号码时没有）；浏览器的令牌在其下一次轮询中给出',
  'A JSON Web Key Set; a new key is here 10 minutes before it signs':
    'JSON Web Key Set；新密钥在开始签名前 10 分钟就在这里',
  'It is': '是',
  'For a page of an origin that is not in CORS_ORIGINS': '给来源不在 CORS_ORIGINS 中的网页',
  'It can': '可以',

  // The page's own.
  'For programs:': '供程序使用：',
  'With Authorization: Bearer <secret>': '请求头 Authorization: Bearer <secret>',
  Parameters: '参数',
  Body: '请求体',
  Answers: '应答',
  optional: '可选',
  path: '路径',
  query: '查询',
  header: '请求头',
  'list of': '列表：',
}

/** Codes of the catalogue, which are the same in every language. */
const isCodes = (text: string): boolean => /^[A-Z_, ]+$/.test(text)

/** @returns undefined where there is none */
export const inChinese = (text: string): string | undefined =>
  text === '' || isCodes(text) ? text : CHINESE[text]
