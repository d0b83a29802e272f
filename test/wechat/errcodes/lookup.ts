import t from 'tap'
import { errcodesOf } from '../../../src/wechat/errcodes/by-api.ts'
import { commonErrcodes } from '../../../src/wechat/errcodes/common.ts'
import type { MiniProgramSettings, MiniProgramApi } from '../../../src/wechat/errcodes/entry.ts'
import { actionOf, refusalError } from '../../../src/wechat/errcodes/lookup.ts'
import { WechatRefusal } from '../../../src/wechat/failures.ts'
import { expectedCodes } from '../../fixtures/network/expected-codes.ts'

const settings: MiniProgramSettings = {
  appid: 'wx0123456789abcdef',
  page: 'pages/login/login',
  envVersion: 'trial',
  checkPath: true,
  codeWidth: 430,
}
const refuse = (
  api: MiniProgramApi,
  errcode: number,
  errmsg = 'text',
  changed: Partial<MiniProgramSettings> = {},
) => refusalError(api, new WechatRefusal(errcode, errmsg), { ...settings, ...changed })

t.test('every errcode becomes its code, with an action for the operator', async (t) => {
  for (const [api, codes] of Object.entries(expectedCodes) as [
    MiniProgramApi,
    [number, string][],
  ][]) {
    for (const [errcode, code] of codes) {
      const error = refuse(api, errcode, 'invalid thing rid: 1-2-3')
      t.equal(error.code, code, `${api} ${errcode}`)
      t.match(error.action, /^[A-Z].{30,}[.]$/s, `${api} ${errcode} has a whole sentence`)
      t.match(error.cause, { errcode, errmsg: 'invalid thing rid: 1-2-3' })
    }
  }
})

t.test('the action is there in Chinese too, and names the same settings and places', async (t) => {
  const named = (text: string) => [
    ...new Set(text.match(/WECHAT_[A-Z_]+|RATE_CREATE|mp\.weixin\.qq\.com|公众平台安全助手/g)),
  ]
  for (const [api, codes] of Object.entries(expectedCodes) as [
    MiniProgramApi,
    [number, string][],
  ][]) {
    for (const [errcode] of codes) {
      const refusal = new WechatRefusal(errcode, 'invalid ip 203.0.113.7, not in whitelist')
      const { en, zh } = actionOf(api, refusal, settings)
      t.match(zh, /^[A-Z\p{Script=Han}].*\p{Script=Han}.*。$/su, `${api} ${errcode}`)
      for (const name of named(en)) t.ok(zh.includes(name), `${api} ${errcode}: ${name}`)
      t.equal(zh.includes('203.0.113.7'), en.includes('203.0.113.7'), `${api} ${errcode}`)
    }
  }
})

t.test('no entry of the tables is without an expectation', async (t) => {
  for (const api of Object.keys(expectedCodes) as MiniProgramApi[]) {
    const expected = new Set(expectedCodes[api].map(([errcode]) => errcode))
    for (const errcode of [...Object.keys(commonErrcodes), ...Object.keys(errcodesOf[api])]) {
      t.ok(expected.has(Number(errcode)), `${api} ${errcode}`)
    }
  }
})

t.test('a configuration error names the setting or the place in the console', async (t) => {
  for (const [api, codes] of Object.entries(expectedCodes) as [
    MiniProgramApi,
    [number, string][],
  ][]) {
    for (const [errcode, code] of codes) {
      if (code !== 'WECHAT_MISCONFIGURED') continue
      t.match(
        refuse(api, errcode).action,
        /WECHAT_[A-Z]|mp\.weixin\.qq\.com|公众平台安全助手|24 hours|1 hour/,
      )
    }
  }
})

t.test('40164 names the address WeChat saw', async (t) => {
  const v4 = 'invalid ip 203.0.113.7 ipv6 ::ffff:203.0.113.7, not in whitelist rid: 1-2-3'
  t.match(refuse('stable_token', 40164, v4).action, 'add 203.0.113.7 at mp.weixin.qq.com')
  const v6 = 'invalid ip 2001:db8::7 ipv6 2001:db8::7, not in whitelist rid: 1-2-3'
  t.match(refuse('jscode2session', 40164, v6).action, 'add 2001:db8::7 at')
  t.match(refuse('stable_token', 40164, 'not in whitelist').action, 'add the address in errmsg at')
})

t.test('41030 names the page, the version and what to do about it', async (t) => {
  const checked = refuse('getwxacodeunlimit', 41030).action
  t.match(checked, 'no page "pages/login/login" (WECHAT_PAGE) for WECHAT_ENV_VERSION=trial')
  t.match(checked, 'WECHAT_CHECK_PATH=false')
  const unchecked = refuse('getwxacodeunlimit', 41030, 'text', { checkPath: false }).action
  t.notMatch(unchecked, 'WECHAT_CHECK_PATH')
  t.match(unchecked, '版本管理')
})

t.test('a wrong secret names the AppID it does not belong to', async (t) => {
  t.match(refuse('stable_token', 40125).action, 'WECHAT_APPID wx0123456789abcdef')
  t.match(refuse('stable_token', 40001).action, 'WECHAT_APPID wx0123456789abcdef')
})

t.test('the minute limits tell to come back after a minute', async (t) => {
  t.equal(refuse('getwxacodeunlimit', 45009).retryAfter, 60)
  t.equal(refuse('getwxacodeunlimit', 45011).retryAfter, 60)
  t.equal(refuse('jscode2session', 45011).retryAfter, 60)
  t.equal(refuse('stable_token', -1).retryAfter, 5)
})
