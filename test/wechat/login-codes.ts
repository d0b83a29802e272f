import t from 'tap'
import { AppError } from '../../src/errors.ts'
import { WechatPaused } from '../../src/wechat/failures.ts'
import { createSpentCodes } from '../../src/wechat/login-codes.ts'

t.test('a login code can be spent once', async (t) => {
  const codes = createSpentCodes()
  codes.spend('one')
  codes.spend('two')
  t.throws(() => codes.spend('one'), { code: 'LOGIN_CODE_USED' })
  t.throws(() => codes.spend('one'), { code: 'LOGIN_CODE_USED' })
})

t.test('a final no is said again, any other end means used', async (t) => {
  const codes = createSpentCodes()
  for (const [end, again] of [
    ['LOGIN_CODE_INVALID', 'LOGIN_CODE_INVALID'],
    ['WECHAT_USER_BLOCKED', 'WECHAT_USER_BLOCKED'],
    ['WECHAT_TIMEOUT', 'LOGIN_CODE_USED'],
    ['WECHAT_BUSY', 'LOGIN_CODE_USED'],
    ['WECHAT_USER_RATE_LIMITED', 'LOGIN_CODE_USED'],
  ] as const) {
    codes.spend(end)
    codes.failed(end, new AppError(end))
    t.throws(() => codes.spend(end), { code: again }, end)
  }
})

t.test('a code that never left can be spent later', async (t) => {
  const codes = createSpentCodes()
  codes.spend('one')
  codes.failed('one', new AppError('WECHAT_BUSY', { cause: new WechatPaused('open') }))
  t.doesNotThrow(() => codes.spend('one'))
})

t.test('a code is forgotten after its life, and the oldest when there are too many', async (t) => {
  let now = 0
  const codes = createSpentCodes(() => now)
  codes.spend('one')
  now = 5.9 * 60_000
  t.throws(() => codes.spend('one'))
  now = 6 * 60_000
  t.doesNotThrow(() => codes.spend('one'))
  for (let i = 0; i < 20_000; i += 1) codes.spend(`code ${i}`)
  t.throws(() => codes.spend('code 19999'))
  t.doesNotThrow(() => codes.spend('one'))
})
