import t from 'tap'
import { createRateWindow } from '../../../src/sandbox/wechat/rate-window.ts'
import { createClock } from '../../fixtures/network/sandbox-clock.ts'

t.test('a key is refused once its limit is reached, until the next minute begins', async (t) => {
  const clock = createClock()
  const window = createRateWindow({ limit: 2, windowMs: 60_000, now: clock.now })
  t.same([window.take('a'), window.take('a'), window.take('a')], [true, true, false])
  t.equal(window.take('b'), true, 'another key has a window of its own')
  clock.advance(59_999)
  t.equal(window.take('a'), false)
  clock.advance(1)
  t.equal(window.take('a'), true)
})

t.test('a daily window begins at midnight in China', async (t) => {
  const clock = createClock()
  const window = createRateWindow({ limit: 1, windowMs: 86_400_000, now: clock.now })
  t.equal(window.take(), true)
  clock.advance(6 * 3600_000 - 1)
  t.equal(window.take(), false, 'one millisecond before midnight')
  clock.advance(1)
  t.equal(window.take(), true)
})

t.test('it remembers a bounded number of keys and forgets the oldest', async (t) => {
  const window = createRateWindow({ limit: 1, windowMs: 60_000, now: createClock().now })
  for (let key = 0; key < 10_001; key += 1) window.take(`key ${key}`)
  t.equal(window.take('key 10000'), false, 'the newest is remembered')
  t.equal(window.take('key 0'), true, 'the oldest is not')
})
