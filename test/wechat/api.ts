import { setTimeout as pause } from 'node:timers/promises'
import t from 'tap'
import { AppError } from '../../src/errors.ts'
import { createApi } from '../../src/wechat/api.ts'
import type { WechatCall } from '../../src/wechat/errcodes/outcome.ts'
import { WechatOutage, type WechatRefusal } from '../../src/wechat/failures.ts'
import type { Transport, WechatRequest } from '../../src/wechat/transport.ts'

const request: WechatRequest = { method: 'POST', path: '/', idempotent: true, secrets: [] }
const refused = (cause: WechatRefusal) => new AppError('WECHAT_ERROR', { cause })

/**
 * An API over a transport of the test's making; `limits` are the time limits it was given, `calls`
 * what was heard of it.
 */
function setUp(timeoutMs: number, send: (nth: number) => Promise<Buffer>) {
  const limits: number[] = []
  const calls: WechatCall[] = []
  const transport: Transport = {
    send: (_, limitMs) => send(limits.push(limitMs)),
    close: async () => {},
  }
  const breaker = { run: <T>(work: () => Promise<T>) => work(), isOpen: () => false, close() {} }
  const onCall = (call: WechatCall) => void calls.push(call)
  const api = createApi({ name: 'stable_token', transport, breaker, timeoutMs, refused, onCall })
  return { api, limits, calls }
}
const outage = (code: 'WECHAT_BUSY' | 'WECHAT_TIMEOUT') =>
  new AppError(code, { cause: new WechatOutage('no answer') })

t.test('a call and its repetition together take twice the time limit at most', async (t) => {
  const { api, limits } = setUp(200, async () => {
    await pause(180)
    throw outage('WECHAT_BUSY')
  })
  const startedAt = performance.now()
  await t.rejects(
    api.call(request, () => 'never'),
    { code: 'WECHAT_BUSY' },
  )
  t.ok(performance.now() - startedAt > 275, 'it pauses in between')
  t.equal(limits.length, 2)
  t.equal(limits[0], 200)
  t.ok((limits[1] ?? NaN) <= 2 * 200 - 180 - 100 + 2, `${limits[1]} ms are left`)
})

t.test('a timeout is not repeated', async (t) => {
  const { api, limits } = setUp(200, async () => {
    throw outage('WECHAT_TIMEOUT')
  })
  await t.rejects(
    api.call(request, () => 'never'),
    { code: 'WECHAT_TIMEOUT' },
  )
  t.equal(limits.length, 1)
})

t.test('a request that is not to be repeated is not', async (t) => {
  const { api, limits } = setUp(200, async () => {
    throw outage('WECHAT_BUSY')
  })
  await t.rejects(
    api.call({ ...request, idempotent: false }, () => 'never'),
    { code: 'WECHAT_BUSY' },
  )
  t.equal(limits.length, 1)
})

t.test('the second answer counts', async (t) => {
  const { api, calls } = setUp(200, async (nth) => {
    await pause(20)
    if (nth === 1) throw outage('WECHAT_BUSY')
    return Buffer.from('{"errcode":0,"n":2}')
  })
  t.equal(await api.call(request, (_, json) => json()['n']), 2)
  t.match(
    calls,
    [
      { api: 'stable_token', errcode: 'network' },
      { api: 'stable_token', errcode: '0' },
    ],
    'both were sent, so both are heard of',
  )
  for (const { seconds } of calls) t.ok(0.015 < seconds && seconds < 1, `${seconds} s`)
})

t.test('a bug is not taken for an outage', async (t) => {
  const { api, limits } = setUp(200, async () => Buffer.from('{}'))
  const bug = api.call(request, () => {
    throw new TypeError('a bug')
  })
  await t.rejects(bug, TypeError)
  t.equal(limits.length, 1)
})
