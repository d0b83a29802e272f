import { setTimeout as pause } from 'node:timers/promises'
import t, { type Test } from 'tap'
import { AppError } from '../../src/errors.ts'
import { createBreaker } from '../../src/wechat/breaker.ts'
import { WechatOutage, WechatRefusal } from '../../src/wechat/failures.ts'
import { createRecordedLog } from '../fixtures/network/recorded-log.ts'

const dead = async () => {
  throw new AppError('WECHAT_TIMEOUT', { cause: new WechatOutage('no answer') })
}
const busy = async () => {
  throw new AppError('WECHAT_BUSY', { cause: new WechatRefusal(-1, 'system error') })
}
const refusing = async () => {
  throw new AppError('WECHAT_MISCONFIGURED', { cause: new WechatRefusal(40013, 'invalid appid') })
}
const rateLimited = async () => {
  throw new AppError('WECHAT_BUSY', { cause: new WechatRefusal(45009, 'quota') })
}
const broken = async () => {
  throw new TypeError('a bug')
}

function setUp(t: Test, resetMs?: number) {
  const { log, lines } = createRecordedLog()
  const breaker = createBreaker({
    name: 'test',
    log,
    ...(resetMs === undefined ? {} : { resetMs }),
  })
  t.teardown(() => breaker.close())
  return { breaker, lines }
}

t.test('one failure, or four, do not open it', async (t) => {
  const { breaker } = setUp(t)
  for (let i = 0; i < 4; i += 1) await t.rejects(breaker.run(dead), { code: 'WECHAT_TIMEOUT' })
  t.equal(breaker.isOpen(), false)
  t.equal(await breaker.run(async () => 'answer'), 'answer')
})

t.test('five failures open it; it says when to come back', async (t) => {
  const { breaker, lines } = setUp(t)
  for (let i = 0; i < 4; i += 1) await t.rejects(breaker.run(dead), { code: 'WECHAT_TIMEOUT' })
  await t.rejects(breaker.run(busy), { code: 'WECHAT_BUSY' })
  let asked = false
  const work = async () => (asked = true)
  await t.rejects(breaker.run(work), { code: 'WECHAT_BUSY', retryAfter: 5 })
  t.equal(asked, false)
  t.equal(breaker.isOpen(), true)
  t.match(lines, [{ level: 'warn', api: 'test' }])
})

t.test('a long success before does not keep it closed', async (t) => {
  const { breaker } = setUp(t)
  for (let i = 0; i < 200; i += 1) await breaker.run(async () => 'answer')
  for (let i = 0; i < 5; i += 1) await t.rejects(breaker.run(dead), { code: 'WECHAT_TIMEOUT' })
  await t.rejects(breaker.run(dead), { code: 'WECHAT_BUSY' })
})

t.test('an outage that comes and goes opens it too', async (t) => {
  const { breaker } = setUp(t)
  await breaker.run(async () => 'answer')
  await t.rejects(breaker.run(dead))
  await t.rejects(breaker.run(dead))
  await breaker.run(async () => 'answer')
  await t.rejects(breaker.run(dead), { code: 'WECHAT_TIMEOUT' })
  await t.rejects(breaker.run(dead), { code: 'WECHAT_BUSY' })
})

t.test('what WeChat answers, and what we do wrong, is no outage', async (t) => {
  const { breaker } = setUp(t)
  for (let i = 0; i < 20; i += 1) {
    await t.rejects(breaker.run(refusing), { code: 'WECHAT_MISCONFIGURED' })
    await t.rejects(breaker.run(rateLimited), { cause: { errcode: 45009 } })
    await t.rejects(breaker.run(broken), TypeError)
  }
  t.equal(await breaker.run(async () => 'answer'), 'answer')
})

t.test('it lets one call through after a while, and closes when that is answered', async (t) => {
  const { breaker, lines } = setUp(t, 20)
  for (let i = 0; i < 5; i += 1) await t.rejects(breaker.run(dead))
  let asked = 0
  const probe = () => breaker.run(async () => (asked += 1)).catch(() => 0)
  while (asked === 0) {
    await probe()
    await pause(5)
  }
  t.equal(await breaker.run(async () => 'answer'), 'answer')
  t.match(lines, [{ level: 'warn' }, { level: 'info', msg: /answers again/ }])
})

t.test('it stays open when the one call fails', async (t) => {
  const { breaker } = setUp(t, 20)
  for (let i = 0; i < 5; i += 1) await t.rejects(breaker.run(dead))
  let asked = 0
  const failing = async () => {
    asked += 1
    return dead()
  }
  while (asked === 0) {
    await breaker.run(failing).catch(() => {})
    await pause(5)
  }
  const [first, second] = await Promise.allSettled([breaker.run(failing), breaker.run(failing)])
  t.match(first, { status: 'rejected' })
  t.match(second, { status: 'rejected', reason: { code: 'WECHAT_BUSY' } }, 'only one at a time')
})

t.test('the others fail at once while the one call is under way', async (t) => {
  const { breaker } = setUp(t, 20)
  for (let i = 0; i < 5; i += 1) await t.rejects(breaker.run(dead))
  let answer: (value: string) => void = () => {}
  const slow = () => new Promise<string>((resolve) => (answer = resolve))
  await pause(40)
  const underway = breaker.run(slow)
  await t.rejects(
    breaker.run(async () => t.fail('asked')),
    { code: 'WECHAT_BUSY', retryAfter: 1 },
  )
  t.equal(breaker.isOpen(), true)
  answer('answer')
  t.equal(await underway, 'answer')
  t.equal(breaker.isOpen(), false)
})

t.test('a clock that is set back does not keep it open', async (t) => {
  const { breaker } = setUp(t, 20)
  for (let i = 0; i < 5; i += 1) await t.rejects(breaker.run(dead))
  const { now } = Date
  t.teardown(() => (Date.now = now))
  Date.now = () => now() - 3_600_000
  await pause(40)
  t.equal(await breaker.run(async () => 'answer'), 'answer')
})

t.test('once closed for good it refuses, even with a call still failing', async (t) => {
  const { breaker } = setUp(t)
  let fail: (error: AppError) => void = () => {}
  const underway = breaker.run(() => new Promise<never>((_, reject) => (fail = reject)))
  breaker.close()
  fail(new AppError('WECHAT_BUSY', { cause: new WechatOutage('gone') }))
  await t.rejects(underway, { code: 'WECHAT_BUSY' })
  await t.rejects(
    breaker.run(async () => t.fail('asked')),
    { code: 'SHUTTING_DOWN' },
  )
})

t.test('it keeps no process alive, open or closed', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const { breaker } = setUp(t)
  t.equal(timers(), before)
  for (let i = 0; i < 5; i += 1) await t.rejects(breaker.run(dead))
  t.equal(timers(), before)
})
