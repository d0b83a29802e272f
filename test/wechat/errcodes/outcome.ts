import t from 'tap'
import { AppError } from '../../../src/errors.ts'
import { outcomeOf } from '../../../src/wechat/errcodes/outcome.ts'
import { WechatOutage, WechatRefusal } from '../../../src/wechat/failures.ts'

const refusal = (errcode: number) =>
  new AppError('WECHAT_ERROR', { cause: new WechatRefusal(errcode, 'some text') })
const outage = (kind: WechatOutage['kind']) =>
  new AppError('WECHAT_BUSY', { cause: new WechatOutage('no answer', kind) })

t.test('a failed call is one word of a set that no answer makes larger', async (t) => {
  t.equal(outcomeOf('jscode2session', refusal(-1)), '-1')
  t.equal(outcomeOf('jscode2session', refusal(40029)), '40029')
  t.equal(outcomeOf('getwxacodeunlimit', refusal(40029)), 'other', 'it means nothing there')
  t.equal(outcomeOf('getwxacodeunlimit', refusal(123_456)), 'other')
  for (const kind of ['timeout', 'network', 'http_5xx'] as const) {
    t.equal(outcomeOf('stable_token', outage(kind)), kind)
  }
  const rubbish = new AppError('WECHAT_ERROR', { cause: new Error('HTTP 404') })
  t.equal(outcomeOf('stable_token', rubbish), 'invalid')
  t.equal(outcomeOf('stable_token', new TypeError('a bug')), 'invalid')
})
