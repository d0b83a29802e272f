import t from 'tap'
import { AppError } from '../../src/errors.ts'
import {
  createAccessToken,
  monotonicClock,
  type FetchedToken,
} from '../../src/wechat/access-token.ts'
import { WechatOutage, WechatRefusal } from '../../src/wechat/failures.ts'
import { createFakeClock } from '../fixtures/network/fake-clock.ts'

const outage = () => new AppError('WECHAT_BUSY', { cause: new WechatOutage('ECONNREFUSED') })
const wrongSecret = () =>
  new AppError('WECHAT_MISCONFIGURED', { cause: new WechatRefusal(40125, 'invalid appsecret') })
const seconds = (n: number) => n * 1000

/** A holder on a fake clock; `answer` is what WeChat says from now on. */
function setUp(first: () => FetchedToken) {
  const time = createFakeClock()
  const wechat = { answer: first, asked: 0 }
  const accessToken = createAccessToken({
    clock: time.clock,
    fetch: async () => {
      wechat.asked += 1
      return wechat.answer()
    },
  })
  return { ...time, wechat, accessToken }
}

t.test('20 callers at once ask WeChat once', async (t) => {
  const { accessToken, wechat } = setUp(() => ({ value: 'A', expiresIn: 7200 }))
  const tokens = await Promise.all(Array.from({ length: 20 }, () => accessToken.get()))
  t.same(new Set(tokens), new Set(['A']))
  t.equal(wechat.asked, 1)
  t.equal(await accessToken.get(), 'A')
  t.equal(wechat.asked, 1)
})

t.test('20 callers at once share a failure, and the next one asks again', async (t) => {
  const { accessToken, wechat } = setUp(() => {
    throw outage()
  })
  const results = await Promise.allSettled(Array.from({ length: 20 }, () => accessToken.get()))
  t.ok(results.every(({ status }) => status === 'rejected'))
  t.equal(wechat.asked, 1)
  await t.rejects(accessToken.get(), { code: 'WECHAT_BUSY' })
  t.equal(wechat.asked, 2)
})

t.test('the token is renewed in the background, never later than 4 minutes', async (t) => {
  for (const [expiresIn, delay] of [
    [7200, 240],
    [481, 240],
    [400, 160],
    [345, 105],
    [300, 60],
    [241, 30],
    [10, 5],
  ] as const) {
    const { accessToken, wechat, delays, advance } = setUp(() => ({ value: 'A', expiresIn }))
    t.equal(await accessToken.get(), 'A')
    t.same(delays, [seconds(delay)], `expires_in ${expiresIn}`)
    wechat.answer = () => ({ value: 'B', expiresIn: 7200 })
    await advance(seconds(delay) - 1)
    t.equal(wechat.asked, 1)
    t.equal(await accessToken.get(), 'A')
    await advance(1)
    t.equal(wechat.asked, 2)
    t.equal(await accessToken.get(), 'B')
    t.equal(wechat.asked, 2, 'a caller finds the new token waiting')
  }
})

t.test('start gets the token in the background, and an idle holder keeps it fresh', async (t) => {
  const { accessToken, wechat, advance } = setUp(() => ({ value: 'A', expiresIn: 7200 }))
  accessToken.start()
  t.equal(wechat.asked, 1)
  await advance(seconds(3600))
  t.equal(wechat.asked, 16)
})

t.test('while WeChat is down the old token is used as long as it lives', async (t) => {
  const { accessToken, wechat, advance } = setUp(() => ({ value: 'A', expiresIn: 600 }))
  await accessToken.get()
  wechat.answer = () => {
    throw outage()
  }
  await advance(seconds(599))
  const asked = wechat.asked
  t.ok(asked > 5, 'renewal was tried meanwhile')
  t.equal(await accessToken.get(), 'A')
  t.equal(wechat.asked, asked, 'without asking for it')
  await advance(seconds(1))
  await t.rejects(accessToken.get(), { code: 'WECHAT_BUSY' })
  wechat.answer = () => ({ value: 'B', expiresIn: 7200 })
  t.equal(await accessToken.get(), 'B')
})

t.test('failed renewals pause longer and longer, up to a minute, and recover', async (t) => {
  const { accessToken, wechat, delays, advance } = setUp(() => {
    throw outage()
  })
  accessToken.start()
  await advance(seconds(400))
  const caps = [1, 2, 4, 8, 16, 32, 60, 60, 60].map(seconds)
  for (const [i, cap] of caps.entries()) {
    const delay = delays[i] ?? NaN
    t.ok(delay >= cap * 0.75 && delay <= cap, `pause ${i} is ${delay}`)
  }
  wechat.answer = () => ({ value: 'A', expiresIn: 7200 })
  await advance(seconds(60))
  const { asked } = wechat
  t.equal(await accessToken.get(), 'A')
  t.equal(wechat.asked, asked)
  t.equal(delays.at(-1), seconds(240))
  wechat.answer = () => {
    throw outage()
  }
  const before = delays.length
  await advance(seconds(240))
  t.ok((delays[before] ?? NaN) <= seconds(1), 'the pauses start over')
})

t.test('a life is counted from the question, not from the answer', async (t) => {
  const { clock, advance } = createFakeClock()
  const answers: ((token: FetchedToken) => void)[] = []
  const accessToken = createAccessToken({
    clock,
    fetch: () => new Promise((resolve) => answers.push(resolve)),
  })
  const first = accessToken.get()
  await advance(seconds(4))
  answers[0]?.({ value: 'A', expiresIn: 20 })
  t.equal(await first, 'A')
  await advance(seconds(15.9))
  t.equal(await accessToken.get(), 'A')
  await advance(seconds(0.1))
  const second = accessToken.get()
  answers[1]?.({ value: 'B', expiresIn: 20 })
  t.equal(await second, 'B')
})

t.test('its age is known while there is one, also when it has ended', async (t) => {
  const { accessToken, wechat, advance } = setUp(() => ({ value: 'A', expiresIn: 300 }))
  t.equal(accessToken.life(), null)
  await accessToken.get()
  t.same(accessToken.life(), { age: 0, expiresIn: 300 })
  wechat.answer = () => {
    throw outage()
  }
  await advance(seconds(100))
  t.same(accessToken.life(), { age: 100, expiresIn: 200 })
  await advance(seconds(300))
  t.same(accessToken.life(), { age: 400, expiresIn: 0 })
  accessToken.drop('A')
  t.equal(accessToken.life(), null)
})

t.test('a refusal is remembered for 10 seconds', async (t) => {
  const { accessToken, wechat, advance } = setUp(() => {
    throw wrongSecret()
  })
  await t.rejects(accessToken.get(), { code: 'WECHAT_MISCONFIGURED' })
  await advance(seconds(9.9))
  await t.rejects(accessToken.get(), { code: 'WECHAT_MISCONFIGURED' })
  t.equal(wechat.asked, 1)
  await advance(seconds(0.1))
  wechat.answer = () => ({ value: 'A', expiresIn: 7200 })
  t.equal(await accessToken.get(), 'A')
  t.equal(wechat.asked, 2)
})

t.test('a remembered refusal does not take away a token that lives', async (t) => {
  const { accessToken, wechat, advance } = setUp(() => ({ value: 'A', expiresIn: 7200 }))
  await accessToken.get()
  wechat.answer = () => {
    throw wrongSecret()
  }
  await advance(seconds(240))
  t.equal(wechat.asked, 2)
  t.equal(await accessToken.get(), 'A')
})

t.test('drop forgets the failed token and no other', async (t) => {
  const { accessToken, wechat } = setUp(() => ({ value: 'A', expiresIn: 7200 }))
  t.equal(await accessToken.get(), 'A')
  wechat.answer = () => ({ value: 'B', expiresIn: 7200 })
  accessToken.drop('Z')
  t.equal(await accessToken.get(), 'A')
  accessToken.drop('A')
  t.equal(await accessToken.get(), 'B')
  accessToken.drop('A')
  t.equal(await accessToken.get(), 'B')
  t.equal(wechat.asked, 2)
})

t.test('there is one timer at most, and none after close', async (t) => {
  const { accessToken, wechat, pending, advance } = setUp(() => ({ value: 'A', expiresIn: 7200 }))
  await accessToken.get()
  accessToken.drop('A')
  await accessToken.get()
  t.equal(pending(), 1)
  accessToken.start()
  accessToken.close()
  await advance(seconds(3600))
  t.equal(pending(), 0)
  t.equal(wechat.asked, 3)
})

t.test('the real clock runs on, and its timers keep no process alive', async (t) => {
  const timers = () => process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length
  const before = timers()
  const cancel = monotonicClock.after(60_000, () => t.fail('called off'))
  t.equal(timers(), before)
  cancel()
  const start = monotonicClock.now()
  const keepAlive = setInterval(() => {}, 1000)
  await new Promise<void>((resolve) => monotonicClock.after(5, resolve))
  clearInterval(keepAlive)
  t.ok(monotonicClock.now() - start >= 4)
})
