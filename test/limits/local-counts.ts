import t from 'tap'
import { createLocalCounts } from '../../src/limits/local-counts.ts'

t.test('it counts what it is told, until the window is over', async (t) => {
  let at = 1_000
  const counts = createLocalCounts(() => at)
  t.same(counts.add('a', 60_000), { current: 1, ttl: 60_000 })
  at += 10_000
  t.same(counts.add('a', 60_000), { current: 2, ttl: 50_000 })
  t.equal(counts.of('a'), 2)
  t.equal(counts.of('b'), 0)
  at += 50_000
  t.equal(counts.of('a'), 0)
  t.same(counts.add('a', 60_000), { current: 1, ttl: 60_000 })
})

t.test('the database knows more, and its own requests under way are not forgotten', async (t) => {
  const counts = createLocalCounts(() => 0)
  counts.add('a', 60_000)
  counts.learn('a', { current: 40, ttl: 5_000 })
  t.same(counts.add('a', 60_000), { current: 41, ttl: 5_000 })
  counts.learn('a', { current: 12, ttl: 5_000 })
  t.equal(counts.of('a'), 41)
  counts.take('a')
  t.equal(counts.of('a'), 40)
})

t.test('what the database could not count is forgotten soon, and counts until then', async (t) => {
  let at = 0
  const counts = createLocalCounts(() => at)
  counts.add('a', 60_000)
  counts.shorten('a')
  counts.shorten('b')
  t.same(counts.add('a', 60_000), { current: 2, ttl: 5_000 })
  at = 5_000
  t.equal(counts.of('a'), 0)
  counts.add('a', 3_000)
  counts.shorten('a')
  at = 8_000
  t.equal(counts.of('a'), 0, 'a window is never made longer')
})

t.test('it remembers so many keys and no more', async (t) => {
  const counts = createLocalCounts(() => 0)
  for (let i = 0; i < 60_000; i++) counts.add(String(i), 60_000)
  t.equal(counts.of('0'), 0, 'the one that was counted longest ago is gone')
  t.equal(counts.of('59999'), 1)
})
