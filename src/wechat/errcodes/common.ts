import { mangled, misconfigured, wrongSecret, type Entry } from './entry.ts'

/**
 * What an errcode means in every API.
 *
 * @see https://developers.weixin.qq.com/doc/oplatform/developers/errCode the global table
 */
export const commonErrcodes: Record<number, Entry> = {
  [-1]: {
    code: 'WECHAT_BUSY',
    action: {
      en: 'WeChat says that it is busy. There is nothing to do but wait.',
      zh: '微信系统繁忙。此处无法处理，只能等待。',
    },
  },
  40002: mangled('grant_type is invalid', ' grant_type 无效'),
  40013: misconfigured(({ appid, kind }) => ({
    en: `WeChat knows no AppID ${appid}: set ${kind.appid} to the ${kind.name.en}'s, from ${kind.console}.`,
    zh: `微信没有 AppID ${appid}：请把 ${kind.appid} 设为该${kind.name.zh}的 AppID，见 ${kind.console}。`,
  })),
  40125: wrongSecret,
  40164: misconfigured(({ kind }, errmsg) => {
    const address = /invalid ip ([\da-f.:]+)/i.exec(errmsg)?.[1]
    // A service account has no such switch: its list is mandatory.
    const off = kind.appid === 'WECHAT_APPID'
    return {
      en: `WeChat sees this service at ${address ?? 'the address in errmsg'}, which is not on the list of allowed addresses: add ${address ?? 'the address in errmsg'} at ${kind.console} → IP 白名单 (it takes up to 10 minutes)${off ? ', or switch the list off there' : ''}.`,
      zh: `微信看到的本服务地址是 ${address ?? 'errmsg 中的地址'}，不在 IP 白名单内：请在 ${kind.console} → IP 白名单 中加入 ${address ?? 'errmsg 中的地址'}（最长约 10 分钟生效）${off ? '，或在该处关闭白名单' : ''}。`,
    }
  }),
  40243: misconfigured(({ kind }) => ({
    en: `The AppSecret is frozen: unfreeze it at ${kind.console} → AppSecret.`,
    zh: `AppSecret 已被冻结：请在 ${kind.console} → AppSecret 处解冻。`,
  })),
  41001: mangled('the access token is missing', '缺少 access_token'),
  41002: mangled('the AppID is missing', '缺少 AppID'),
  41004: mangled('the AppSecret is missing', '缺少 AppSecret'),
  43001: mangled('the call must be a GET', '必须使用 GET 请求'),
  43002: mangled('the call must be a POST', '必须使用 POST 请求'),
  43003: misconfigured({
    en: 'WeChat wants HTTPS: WECHAT_API_BASE has to begin with https://.',
    zh: '微信要求使用 HTTPS：WECHAT_API_BASE 必须以 https:// 开头。',
  }),
  44002: mangled('the body is empty', '请求体为空'),
  45009: {
    code: 'WECHAT_BUSY',
    retryAfter: 60,
    action: ({ appid }) => ({
      en: `A quota of this API is used up. Look for another program that uses AppID ${appid}; see mp.weixin.qq.com → 开发管理 → 接口设置, where a day's quota can be cleared.`,
      zh: `该接口的调用额度已用完。请查找使用 AppID ${appid} 的其他程序；在 mp.weixin.qq.com → 开发管理 → 接口设置 可以清零当日额度。`,
    }),
  },
  45011: {
    code: 'WECHAT_BUSY',
    retryAfter: 60,
    action: ({ appid }) => ({
      en: `The calls of this minute are used up. If the problem persists, look for another program that uses AppID ${appid}.`,
      zh: `本分钟的调用次数已用完。若持续如此，请查找使用 AppID ${appid} 的其他程序。`,
    }),
  },
  47001: mangled('the body is not the JSON it expects', '请求体不是所要求的 JSON'),
  48001: misconfigured(({ appid, kind }) => ({
    en: `AppID ${appid} may not use this API: check that ${kind.appid} is a ${kind.name.en}'s (not ${kind.other.en}), and its rights at mp.weixin.qq.com → 开发管理 → 接口设置.`,
    zh: `AppID ${appid} 无权使用该接口：请确认 ${kind.appid} 是${kind.name.zh}的（不是${kind.other.zh}），并在 mp.weixin.qq.com → 开发管理 → 接口设置 查看接口权限。`,
  })),
  48004: misconfigured({
    en: 'WeChat has forbidden this API to the account: read the notices at mp.weixin.qq.com → 通知中心.',
    zh: '微信已封禁该账号的这个接口：请查看 mp.weixin.qq.com → 通知中心 的通知。',
  }),
  50002: misconfigured({
    en: 'WeChat has limited or canceled this account: sign in at mp.weixin.qq.com and read 通知中心.',
    zh: '该账号已被微信限制或注销：请登录 mp.weixin.qq.com 查看 通知中心。',
  }),
  50004: misconfigured({
    en: 'WeChat has forbidden this account to get access tokens: sign in at mp.weixin.qq.com and read 通知中心.',
    zh: '微信已禁止该账号获取 access_token：请登录 mp.weixin.qq.com 查看 通知中心。',
  }),
  50007: misconfigured({
    en: 'WeChat has frozen this account: sign in at mp.weixin.qq.com and read 通知中心 on how to appeal.',
    zh: '该账号已被微信冻结：请登录 mp.weixin.qq.com，在 通知中心 查看申诉方法。',
  }),
  61024: misconfigured(({ kind }) => ({
    en: `${kind.appid} is run by a third-party platform (第三方平台), which alone can get its tokens: use a ${kind.name.en} that manages itself, or end the authorization at mp.weixin.qq.com → 设置 → 第三方设置.`,
    zh: `${kind.appid} 由第三方平台代管，只有该平台能取得其 access_token：请改用自行管理的${kind.name.zh}，或在 mp.weixin.qq.com → 设置 → 第三方设置 取消授权。`,
  })),
  89501: misconfigured(({ kind }) => ({
    en: `An administrator of the ${kind.name.en} has to approve calls from this address: the request waits in their WeChat (公众平台安全助手).`,
    zh: `来自此 IP 的调用须由${kind.name.zh}管理员确认：确认请求已发到管理员的微信（公众平台安全助手）。`,
  })),
  89503: misconfigured(({ kind }) => ({
    en: `An administrator of the ${kind.name.en} has to approve calls from this address: they confirm the message in their WeChat (公众平台安全助手), then it works by itself.`,
    zh: `来自此 IP 的调用须由${kind.name.zh}管理员确认：管理员在微信（公众平台安全助手）中确认后即自动恢复。`,
  })),
  89506: misconfigured({
    en: 'An administrator has refused calls from this address twice: WeChat takes a new request after 24 hours; agree with them before.',
    zh: '管理员已两次拒绝来自此 IP 的调用：24 小时后微信才接受新的请求，请事先与管理员沟通（公众平台安全助手）。',
  }),
  89507: misconfigured({
    en: 'An administrator has refused calls from this address: WeChat takes a new request after 1 hour; agree with them before.',
    zh: '管理员已拒绝来自此 IP 的调用：1 小时后微信才接受新的请求，请事先与管理员沟通（公众平台安全助手）。',
  }),
}
