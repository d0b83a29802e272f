import {
  invalidToken,
  mangled,
  misconfigured as misconfiguredBy,
  wrongSecret,
  type AccountFacts,
  type Entry,
  type MiniProgramApi,
  type MiniProgramSettings,
} from './entry.ts'

type Facts = AccountFacts & MiniProgramSettings

const misconfigured = misconfiguredBy<Facts>

const noUrlLinks = misconfigured(({ appid }) => ({
  en: `AppID ${appid} may not make URL Links; a mini program of an individual (个人) never may: set WECHAT_URL_LINK=off, or use a mini program that belongs to an organization.`,
  zh: `AppID ${appid} 无权生成 URL Link（个人主体均无此权限）：请设 WECHAT_URL_LINK=off，或改用非个人主体的小程序。`,
}))
const urlLinksBanned = misconfigured(({ appid }) => ({
  en: `WeChat has taken the right to make URL Links from AppID ${appid}: read the notices at mp.weixin.qq.com → 通知中心, and set WECHAT_URL_LINK=off until it is back.`,
  zh: `微信已收回 AppID ${appid} 生成 URL Link 的权限：请查看 mp.weixin.qq.com → 通知中心 的通知，恢复之前请设 WECHAT_URL_LINK=off。`,
}))

/** What an errcode means in one API alone; it goes before the common table. */
export const errcodesOf: Record<MiniProgramApi, Record<number, Entry<Facts>>> = {
  /** @see https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken.html */
  stable_token: {
    40001: wrongSecret,
  },
  /** @see https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/qr-code/api_getunlimitedqrcode.html */
  getwxacodeunlimit: {
    40001: invalidToken,
    40014: invalidToken,
    42001: invalidToken,
    40097: misconfigured(({ envVersion, codeWidth }) => ({
      en: `WeChat objects to an argument: check WECHAT_ENV_VERSION (${envVersion}; release, trial or develop) and WECHAT_CODE_WIDTH (${codeWidth}; 280 to 1280).`,
      zh: `微信不接受某个参数：请检查 WECHAT_ENV_VERSION（${envVersion}；应为 release、trial 或 develop）和 WECHAT_CODE_WIDTH（${codeWidth}；应为 280 至 1280）。`,
    })),
    40129: mangled('the scene has characters that are not allowed', ' scene 含有不允许的字符'),
    40169: mangled(
      'the scene has the wrong length or the body is not JSON',
      ' scene 长度有误或请求体不是 JSON',
    ),
    40189: misconfigured(({ codeWidth }) => ({
      en: `Set WECHAT_CODE_WIDTH (${codeWidth}) to 280 to 1280.`,
      zh: `请把 WECHAT_CODE_WIDTH（现为 ${codeWidth}）设为 280 至 1280。`,
    })),
    41030: misconfigured(({ page, envVersion, checkPath }) => {
      const wrong = {
        en: `WeChat finds no page "${page}" (WECHAT_PAGE) for WECHAT_ENV_VERSION=${envVersion}.`,
        zh: `WECHAT_ENV_VERSION=${envVersion} 下，微信找不到页面 "${page}"（WECHAT_PAGE）。`,
      }
      return checkPath
        ? {
            en: `${wrong.en} With WECHAT_CHECK_PATH=true it has to be in the published version: publish one that has it (mp.weixin.qq.com → 版本管理), or set WECHAT_CHECK_PATH=false until then. The page is written as in app.json, without a leading slash and without a query.`,
            zh: `${wrong.zh}WECHAT_CHECK_PATH=true 时，页面必须存在于已发布的版本中：请发布含有该页面的版本（mp.weixin.qq.com → 版本管理），发布前可先设 WECHAT_CHECK_PATH=false。页面路径须与 app.json 中一致，开头不带斜杠，也不带参数。`,
          }
        : {
            en: `${wrong.en} Write the page as in app.json, without a leading slash and without a query, and upload or publish the mini program (mp.weixin.qq.com → 版本管理).`,
            zh: `${wrong.zh}页面路径须与 app.json 中一致，开头不带斜杠，也不带参数；并请上传或发布小程序（mp.weixin.qq.com → 版本管理）。`,
          }
    }),
    45063: misconfigured(({ envVersion }) => ({
      en: `The mini program may not have codes for WECHAT_ENV_VERSION=${envVersion}: publish it (mp.weixin.qq.com → 版本管理) and use release.`,
      zh: `该小程序不能生成 WECHAT_ENV_VERSION=${envVersion} 的小程序码：请先发布（mp.weixin.qq.com → 版本管理），再使用 release。`,
    })),
    85096: misconfigured({
      en: 'WECHAT_PAGE must not contain scancode_time: WeChat keeps that word for itself.',
      zh: 'WECHAT_PAGE 不能含有 scancode_time：这是微信的保留字段。',
    }),
  },
  /** @see https://developers.weixin.qq.com/miniprogram/dev/server/API/qrcode-link/url-link/api_generateurllink.html */
  generate_urllink: {
    40001: invalidToken,
    40014: invalidToken,
    42001: invalidToken,
    40002: noUrlLinks,
    // Its access token is good, so this is not about who we are.
    40013: urlLinksBanned,
    40165: misconfigured(({ page }) => ({
      en: `WeChat finds no page "${page}" (WECHAT_PAGE) in the published version, and a URL Link leads nowhere else: publish one that has it (mp.weixin.qq.com → 版本管理), or set WECHAT_URL_LINK=off until then. The page is written as in app.json, without a leading slash and without a query.`,
      zh: `已发布的版本中没有页面 "${page}"（WECHAT_PAGE），而 URL Link 只能指向已发布的页面：请发布含有该页面的版本（mp.weixin.qq.com → 版本管理），发布前请设 WECHAT_URL_LINK=off。页面路径须与 app.json 中一致，开头不带斜杠，也不带参数。`,
    })),
    40212: mangled('the query is invalid', ' query 无效'),
    44990: {
      code: 'WECHAT_BUSY',
      retryAfter: 1,
      action: ({ appid }) => ({
        en: `More than 100 URL Links in a second. If the problem persists, look for another program that uses AppID ${appid}.`,
        zh: `一秒内生成的 URL Link 超过 100 个。若持续如此，请查找使用 AppID ${appid} 的其他程序。`,
      }),
    },
    44993: {
      code: 'WECHAT_BUSY',
      retryAfter: 3600,
      action: ({ appid }) => ({
        en: `The 500,000 URL Links and URL Schemes of this day are used up. Look for another program that uses AppID ${appid}, and for a caller that creates tickets without end (RATE_CREATE).`,
        zh: `当日 50 万个 URL Link 和 URL Scheme 的额度已用完。请查找使用 AppID ${appid} 的其他程序，以及是否有人在不停地创建票据（RATE_CREATE）。`,
      }),
    },
    85079: misconfigured({
      en: 'The mini program has no published version, and URL Links lead to nothing else: publish it (mp.weixin.qq.com → 版本管理), or set WECHAT_URL_LINK=off until then.',
      zh: '小程序尚无已发布的版本，而 URL Link 只能指向已发布的版本：请先发布（mp.weixin.qq.com → 版本管理），发布前请设 WECHAT_URL_LINK=off。',
    }),
    85401: mangled(
      'the link would live less than a minute or more than 30 days',
      '链接有效期不足 1 分钟或超过 30 天',
    ),
    85402: mangled('env_version is none that it knows', ' env_version 无效'),
    85406: {
      code: 'WECHAT_BUSY',
      retryAfter: 3600,
      action: ({ appid }) => ({
        en: `As many people as WeChat allows in a day have followed URL Links and URL Schemes of AppID ${appid}: people can still scan the code.`,
        zh: `AppID ${appid} 的 URL Link 和 URL Scheme 当日访问次数已达微信上限：用户仍可扫码登录。`,
      }),
    },
    85407: noUrlLinks,
    85408: urlLinksBanned,
  },
  /** @see https://developers.weixin.qq.com/miniprogram/dev/server/API/user-login/api_code2session.html */
  jscode2session: {
    40029: {
      code: 'LOGIN_CODE_INVALID',
      action: ({ appid }) => ({
        en: `Where every code is refused: the mini program that calls wx.login has to be WECHAT_APPID ${appid}, also in WeChat's developer tool.`,
        zh: `如果所有 code 都被拒绝：调用 wx.login 的小程序必须就是 WECHAT_APPID ${appid}，在微信开发者工具中也是如此。`,
      }),
    },
    40163: {
      code: 'LOGIN_CODE_USED',
      action: {
        en: 'If it is frequent, look for a proxy or a client that repeats requests.',
        zh: '如果频繁出现，请查找重复发送请求的代理或客户端。',
      },
    },
    40226: {
      code: 'WECHAT_USER_BLOCKED',
      action: {
        en: 'WeChat has judged this user: there is nothing to do here.',
        zh: '这是微信对该用户的判定，此处无法处理。',
      },
    },
    // We let no empty login code pass, but WeChat took this one for empty.
    41008: {
      code: 'LOGIN_CODE_INVALID',
      action: {
        en: 'Look for a client that sends anything but the code of wx.login.',
        zh: '请查找提交的不是 wx.login 所得 code 的客户端。',
      },
    },
    45011: {
      code: 'WECHAT_USER_RATE_LIMITED',
      retryAfter: 60,
      action: {
        en: 'One user signs in more often than WeChat allows: look for a mini program in a loop.',
        zh: '某个用户的登录次数超过微信的限制：请检查小程序是否在循环调用登录。',
      },
    },
  },
}
