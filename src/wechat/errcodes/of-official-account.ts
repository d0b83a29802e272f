import {
  invalidToken,
  mangled,
  misconfigured,
  wrongSecret,
  type Entry,
  type OfficialAccountApi,
} from './entry.ts'

/** What an errcode means in one API of a service account alone; it goes before the common table. */
export const officialErrcodesOf: Record<OfficialAccountApi, Record<number, Entry>> = {
  /** @see https://developers.weixin.qq.com/doc/service/api/base/api_getstableaccesstoken.html */
  stable_token: {
    40001: wrongSecret,
  },
  /** @see https://developers.weixin.qq.com/doc/service/api/qrcode/qrcodes/api_createqrcode.html */
  qrcode_create: {
    40001: invalidToken,
    40014: invalidToken,
    42001: invalidToken,
    40052: mangled('action_name is invalid', ' action_name 无效'),
    40053: mangled('the scene is missing or too long', ' scene 缺失或过长'),
    45009: {
      code: 'WECHAT_BUSY',
      retryAfter: 3600,
      action: ({ appid }) => ({
        en: `The 100,000 codes of this day (10,000 of a test account) are used up, until midnight in Beijing. Look for another program that makes codes with AppID ${appid}, for a caller that creates tickets without end (RATE_CREATE), and for pages whose codes renew themselves (auto-refresh).`,
        zh: `当日 10 万个（测试号 1 万个）二维码的额度已用完，北京时间零点恢复。请查找使用 AppID ${appid} 生成二维码的其他程序、是否有人在不停地创建票据（RATE_CREATE），以及会自动续码的页面（auto-refresh）。`,
      }),
    },
    48001: misconfigured(({ appid }) => ({
      en: `AppID ${appid} may not make codes with parameters: only a certified service account (认证服务号) may, or a free test account (测试号, mp.weixin.qq.com/debug/cgi-bin/sandbox?t=sandbox/login). A subscription account (订阅号) never may, certified or not. Its rights stand at mp.weixin.qq.com → 设置与开发 → 接口权限 → 生成带参数的二维码.`,
      zh: `AppID ${appid} 无权生成带参数的二维码：只有认证服务号或免费的测试号（mp.weixin.qq.com/debug/cgi-bin/sandbox?t=sandbox/login）可以，订阅号（无论是否认证）都不行。权限见 mp.weixin.qq.com → 设置与开发 → 接口权限 → 生成带参数的二维码。`,
    })),
  },
  /** @see https://developers.weixin.qq.com/doc/service/api/usermanage/userinfo/api_userinfo.html */
  user_info: {
    40001: invalidToken,
    40014: invalidToken,
    42001: invalidToken,
    40003: {
      code: 'WECHAT_ERROR',
      action: ({ appid }) => ({
        en: `WeChat knows no such person of AppID ${appid}: the push came from another account, or the person has canceled theirs.`,
        zh: `AppID ${appid} 下没有这个 openid：推送来自其他账号，或该用户已注销。`,
      }),
    },
  },
  /** @see https://developers.weixin.qq.com/doc/service/api/base/api_callbackcheck.html */
  callback_check: {
    40001: invalidToken,
    40014: invalidToken,
    42001: invalidToken,
    40201: misconfigured(({ appid }) => ({
      en: `WeChat has no URL to push to for AppID ${appid}, so no scan arrives: in 消息与事件推送 enter PUBLIC_URL and /wechat/events as URL, OA_TOKEN as Token, OA_AES_KEY as EncodingAESKey and 安全模式, and enable it.`,
      zh: `微信没有 AppID ${appid} 的推送 URL，扫码事件不会到达：请在“消息与事件推送”中填写 URL（PUBLIC_URL 加 /wechat/events）、Token（OA_TOKEN）、EncodingAESKey（OA_AES_KEY），选择“安全模式”并启用。`,
    })),
    40202: mangled('the action is wrong', ' action 有误'),
    40203: mangled('check_operator is wrong', ' check_operator 有误'),
  },
}
