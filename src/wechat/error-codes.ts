import { AppError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import type { WechatRefusal } from './failures.ts'

export type WechatApi = 'stable_token' | 'getwxacodeunlimit' | 'generate_urllink' | 'jscode2session'

/** What the actions name: the settings that WeChat may object to. */
export type WechatSettings = {
  appid: string
  page: string
  envVersion: 'release' | 'trial' | 'develop'
  checkPath: boolean
  codeWidth: number
}

type Entry = {
  code: ErrorCode
  /** Seconds, where WeChat's own wait is known. */
  retryAfter?: number
  /** What the operator can do about it; empty where nothing is wrong on our side. */
  action: string | ((settings: WechatSettings, errmsg: string) => string)
}

const developerId = 'mp.weixin.qq.com → 开发管理 → 开发设置 → 开发者 ID'

function misconfigured(action: Entry['action']): Entry {
  return { code: 'WECHAT_MISCONFIGURED', action }
}

/** ScenePass sends what WeChat says is missing, so the request was changed on its way. */
function mangled(what: string): Entry {
  return misconfigured(
    `WeChat says that ${what}, but ScenePass sends it right: something on the way changes the request. Check what WECHAT_API_BASE points to and every proxy before it.`,
  )
}

const wrongSecret = misconfigured(
  ({ appid }) =>
    `WECHAT_SECRET is not the AppSecret of WECHAT_APPID ${appid}. Take both from ${developerId} of the mini program (not of a 公众号, not the code upload key); reset the AppSecret there if it is lost.`,
)
const invalidToken: Entry = {
  code: 'WECHAT_ERROR',
  action: ({ appid }) =>
    `WeChat no longer takes the access token it gave us. Look for another program that uses AppID ${appid} and calls stable_token with force_refresh, and for an AppSecret that was reset. It heals by itself once that stops.`,
}
const frequency: Entry = {
  code: 'WECHAT_BUSY',
  retryAfter: 60,
  action: ({ appid }) =>
    `The calls of this minute are used up. If it stays, look for another program that uses AppID ${appid}.`,
}

const noUrlLinks = misconfigured(
  ({ appid }) =>
    `AppID ${appid} may not make URL Links, as those of individuals (个人) may not: set WECHAT_URL_LINK=off, or use a mini program that belongs to an organization.`,
)
const urlLinksBanned = misconfigured(
  ({ appid }) =>
    `WeChat has taken the right to make URL Links from AppID ${appid}: read the notices at mp.weixin.qq.com → 通知中心, and set WECHAT_URL_LINK=off until it is back.`,
)

/**
 * WeChat's errcode → our code and what to do.
 *
 * @see https://developers.weixin.qq.com/doc/oplatform/developers/errCode the global table
 */
export const errorCodes: Record<number, Entry> = {
  [-1]: {
    code: 'WECHAT_BUSY',
    action: 'WeChat says that it is busy. If it stays, nothing is to be done here but to wait.',
  },
  40002: mangled('grant_type is invalid'),
  40013: misconfigured(
    ({ appid }) =>
      `WeChat knows no AppID ${appid}: set WECHAT_APPID to the mini program's, from ${developerId}.`,
  ),
  40125: wrongSecret,
  40164: misconfigured((_, errmsg) => {
    const address = /invalid ip ([\da-f.:]+)/i.exec(errmsg)?.[1]
    const which = address === undefined ? 'the address in errmsg' : address
    return `WeChat sees this service at ${which}, which is not on the list of allowed addresses: add ${which} at ${developerId} → IP 白名单 (it takes up to 10 minutes), or switch the list off there.`
  }),
  40243: misconfigured(`The AppSecret is frozen: unfreeze it at ${developerId} → AppSecret.`),
  41001: mangled('the access token is missing'),
  41002: mangled('the AppID is missing'),
  41004: mangled('the AppSecret is missing'),
  43001: mangled('the call must be a GET'),
  43002: mangled('the call must be a POST'),
  43003: misconfigured('WeChat wants HTTPS: WECHAT_API_BASE has to begin with https://.'),
  44002: mangled('the body is empty'),
  45009: {
    code: 'WECHAT_BUSY',
    retryAfter: 60,
    action: ({ appid }) =>
      `A quota of this API is used up. Look for another program that uses AppID ${appid}; see mp.weixin.qq.com → 开发管理 → 接口设置, where a day's quota can be cleared.`,
  },
  45011: frequency,
  47001: mangled('the body is not the JSON it expects'),
  48001: misconfigured(
    ({ appid }) =>
      `AppID ${appid} may not use this API: check that WECHAT_APPID is a mini program's (not a 公众号's), and its rights at mp.weixin.qq.com → 开发管理 → 接口设置.`,
  ),
  48004: misconfigured(
    'WeChat has forbidden this API to the account: read the notices at mp.weixin.qq.com → 通知中心.',
  ),
  50002: misconfigured(
    'WeChat has limited or canceled this account: sign in at mp.weixin.qq.com and read 通知中心.',
  ),
  50004: misconfigured(
    'WeChat has forbidden this account to get access tokens: sign in at mp.weixin.qq.com and read 通知中心.',
  ),
  50007: misconfigured(
    'WeChat has frozen this account: sign in at mp.weixin.qq.com and read 通知中心 on how to appeal.',
  ),
  61024: misconfigured(
    'WECHAT_APPID is run by a third-party platform (第三方平台), which alone can get its tokens: use a mini program that manages itself, or end the authorization at mp.weixin.qq.com → 设置 → 第三方设置.',
  ),
  89501: misconfigured(
    'An administrator of the mini program has to approve calls from this address: the request waits in their WeChat (公众平台安全助手).',
  ),
  89503: misconfigured(
    'An administrator of the mini program has to approve calls from this address: they confirm the message in their WeChat (公众平台安全助手), then it works by itself.',
  ),
  89506: misconfigured(
    'An administrator has refused calls from this address twice: WeChat takes a new request after 24 hours; agree with them before.',
  ),
  89507: misconfigured(
    'An administrator has refused calls from this address: WeChat takes a new request after 1 hour; agree with them before.',
  ),
}

/** Where one API means something of its own by a code. */
export const errorCodesOf: Record<WechatApi, Record<number, Entry>> = {
  /** @see https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken.html */
  stable_token: {
    40001: wrongSecret,
  },
  /** @see https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/qr-code/api_getunlimitedqrcode.html */
  getwxacodeunlimit: {
    40001: invalidToken,
    40014: invalidToken,
    42001: invalidToken,
    40097: misconfigured(
      ({ envVersion, codeWidth }) =>
        `WeChat objects to an argument: check WECHAT_ENV_VERSION (${envVersion}; release, trial or develop) and WECHAT_CODE_WIDTH (${codeWidth}; 280 to 1280).`,
    ),
    40129: mangled('the scene has characters that are not allowed'),
    40169: mangled('the scene has the wrong length or the body is not JSON'),
    40189: misconfigured(({ codeWidth }) => `Set WECHAT_CODE_WIDTH (${codeWidth}) to 280 to 1280.`),
    41030: misconfigured(({ page, envVersion, checkPath }) => {
      const wrong = `WeChat finds no page "${page}" (WECHAT_PAGE) for WECHAT_ENV_VERSION=${envVersion}.`
      return checkPath
        ? `${wrong} With WECHAT_CHECK_PATH=true it has to be in the published version: publish one that has it (mp.weixin.qq.com → 版本管理), or set WECHAT_CHECK_PATH=false until then. The page is written as in app.json, without a leading slash and without a query.`
        : `${wrong} Write the page as in app.json, without a leading slash and without a query, and upload or publish the mini program (mp.weixin.qq.com → 版本管理).`
    }),
    45063: misconfigured(
      ({ envVersion }) =>
        `The mini program may not have codes for WECHAT_ENV_VERSION=${envVersion}: publish it (mp.weixin.qq.com → 版本管理) and use release.`,
    ),
    85096: misconfigured(
      'WECHAT_PAGE must not contain scancode_time: WeChat keeps that word for itself.',
    ),
  },
  /** @see https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-link/api_generateurllink.html */
  generate_urllink: {
    40001: invalidToken,
    40014: invalidToken,
    42001: invalidToken,
    40002: noUrlLinks,
    // Its access token is good, so this is not about who we are.
    40013: urlLinksBanned,
    40165: misconfigured(
      ({ page }) =>
        `WeChat finds no page "${page}" (WECHAT_PAGE) in the published version, and a URL Link leads nowhere else: publish one that has it (mp.weixin.qq.com → 版本管理), or set WECHAT_URL_LINK=off until then. The page is written as in app.json, without a leading slash and without a query.`,
    ),
    40212: mangled('the query is invalid'),
    44990: {
      code: 'WECHAT_BUSY',
      retryAfter: 1,
      action: ({ appid }) =>
        `More than 100 URL Links in a second. If it stays, look for another program that uses AppID ${appid}.`,
    },
    44993: {
      code: 'WECHAT_BUSY',
      retryAfter: 3600,
      action: ({ appid }) =>
        `The 500,000 URL Links and URL Schemes of this day are used up. Look for another program that uses AppID ${appid}, and for somebody who creates tickets without end (RATE_CREATE).`,
    },
    85079: misconfigured(
      'The mini program has no published version, and URL Links lead to nothing else: publish it (mp.weixin.qq.com → 版本管理), or set WECHAT_URL_LINK=off until then.',
    ),
    85401: mangled('the link would live less than a minute or more than 30 days'),
    85402: mangled('env_version is none that it knows'),
    85406: {
      code: 'WECHAT_BUSY',
      retryAfter: 3600,
      action: ({ appid }) =>
        `As many people as WeChat allows in a day have followed URL Links and URL Schemes of AppID ${appid}: people can still scan the code.`,
    },
    85407: noUrlLinks,
    85408: urlLinksBanned,
  },
  /** @see https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session.html */
  jscode2session: {
    40029: {
      code: 'LOGIN_CODE_INVALID',
      action: ({ appid }) =>
        `Where every code is refused: the mini program that calls wx.login has to be WECHAT_APPID ${appid}, also in WeChat's developer tool.`,
    },
    40163: {
      code: 'LOGIN_CODE_USED',
      action: 'If it is frequent, look for a proxy or a client that repeats requests.',
    },
    40226: {
      code: 'WECHAT_USER_BLOCKED',
      action: 'WeChat has judged this user: nothing is to be done here.',
    },
    // The code of a request that we let pass: it was empty in WeChat's eyes.
    41008: {
      code: 'LOGIN_CODE_INVALID',
      action: 'Look for a client that sends something else than the code of wx.login.',
    },
    45011: {
      code: 'WECHAT_USER_RATE_LIMITED',
      retryAfter: 60,
      action: 'One user signs in more often than WeChat allows: look for a mini program in a loop.',
    },
  },
}

/** WeChat's refusal as the error that leaves the client. A code we do not know is `WECHAT_ERROR`. */
export function refusalError(
  api: WechatApi,
  refusal: WechatRefusal,
  settings: WechatSettings,
): AppError {
  const entry = errorCodesOf[api][refusal.errcode] ?? errorCodes[refusal.errcode]
  if (entry === undefined) {
    return new AppError('WECHAT_ERROR', {
      cause: refusal,
      action: `ScenePass does not know errcode ${refusal.errcode}: look it up, and its rid, at https://developers.weixin.qq.com/doc/oplatform/developers/errCode.`,
    })
  }
  const { code, retryAfter, action } = entry
  return new AppError(code, {
    cause: refusal,
    action: typeof action === 'string' ? action : action(settings, refusal.errmsg),
    ...(retryAfter === undefined ? {} : { retryAfter }),
  })
}
