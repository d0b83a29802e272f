import t from 'tap'
import type { ErrorCode } from '../../../src/errors.ts'
import { commonErrcodes } from '../../../src/wechat/errcodes/common.ts'
import type { OfficialAccountApi } from '../../../src/wechat/errcodes/entry.ts'
import { officialActionOf, officialRefusalError } from '../../../src/wechat/errcodes/lookup.ts'
import { officialErrcodesOf } from '../../../src/wechat/errcodes/of-official-account.ts'
import { WechatRefusal } from '../../../src/wechat/failures.ts'
import { expectedCodes } from '../../fixtures/network/expected-codes.ts'

const APPID = 'wxfedcba9876543210'
const common = expectedCodes.stable_token.filter(([errcode]) => errcode in commonErrcodes)

/** What each API of a service account may answer, and the code that has to leave the account. */
const expected: Record<OfficialAccountApi, [number, ErrorCode][]> = {
  stable_token: [...common, [40001, 'WECHAT_MISCONFIGURED'], [77_777, 'WECHAT_ERROR']],
  qrcode_create: [
    ...common,
    [40001, 'WECHAT_ERROR'],
    [40014, 'WECHAT_ERROR'],
    [42001, 'WECHAT_ERROR'],
    [40052, 'WECHAT_MISCONFIGURED'],
    [40053, 'WECHAT_MISCONFIGURED'],
    [45009, 'WECHAT_BUSY'],
    [48001, 'WECHAT_MISCONFIGURED'],
  ],
  user_info: [
    ...common,
    [40001, 'WECHAT_ERROR'],
    [40014, 'WECHAT_ERROR'],
    [42001, 'WECHAT_ERROR'],
    [40003, 'WECHAT_ERROR'],
  ],
  callback_check: [
    ...common,
    [40001, 'WECHAT_ERROR'],
    [40014, 'WECHAT_ERROR'],
    [42001, 'WECHAT_ERROR'],
    [40201, 'WECHAT_MISCONFIGURED'],
    [40202, 'WECHAT_MISCONFIGURED'],
    [40203, 'WECHAT_MISCONFIGURED'],
  ],
}
const apis = Object.entries(expected) as [OfficialAccountApi, [number, ErrorCode][]][]

t.test(
  'every errcode becomes its code, with an action about this account in both languages',
  async (t) => {
    for (const [api, codes] of apis) {
      for (const [errcode, code] of codes) {
        const refusal = new WechatRefusal(errcode, 'invalid ip 203.0.113.7, not in whitelist')
        const error = officialRefusalError(api, refusal, APPID)
        t.equal(error.code, code, `${api} ${errcode}`)
        t.match(error.action, /^[A-Z].{30,}[.]$/s, `${api} ${errcode}`)
        const { en, zh } = officialActionOf(api, refusal, APPID)
        t.equal(en, error.action)
        t.match(zh, /^[A-Z\p{Script=Han}].*\p{Script=Han}.*。$/su, `${api} ${errcode}`)
        const named = (text: string) => [
          ...new Set(text.match(/OA_[A-Z_]+|RATE_CREATE|mp\.weixin\.qq\.com|203\.0\.113\.7/g)),
        ]
        t.same(named(zh).sort(), named(en).sort(), `${api} ${errcode}`)
        // Of the other door they say at most that this is not it.
        const others =
          /(?<!not a )mini program|(?<!不是)小程序|WECHAT_(APPID|SECRET)|switch the list off|关闭白名单/
        for (const words of [en, zh]) t.notMatch(words, others, `${api} ${errcode}`)
      }
    }
  },
)

t.test('no entry of the tables is without an expectation', async (t) => {
  for (const [api, codes] of apis) {
    const known = new Set(codes.map(([errcode]) => errcode))
    for (const errcode of [
      ...Object.keys(commonErrcodes),
      ...Object.keys(officialErrcodesOf[api]),
    ]) {
      t.ok(known.has(Number(errcode)), `${api} ${errcode}`)
    }
  }
})

t.test('an account of the wrong kind, and a day’s codes used up', async (t) => {
  const of = (errcode: number) =>
    officialRefusalError('qrcode_create', new WechatRefusal(errcode, 'text'), APPID)
  t.match(of(48001).action, /certified service account \(认证服务号\).*test account/s)
  t.match(of(45009), { retryAfter: 3600, action: /100,000 codes/ })
})
