import fc from 'fast-check'
import t from 'tap'
import { createThrottle } from '../../src/http/gcra.ts'

/** A key that falls into `slot` of 2^32, told apart from others there by `tag`. */
const keyOf = (slot: number, tag: number): string => hex(slot) + hex(tag)

const hex = (n: number): string => n.toString(16).padStart(8, '0')

function throttleAt(slots = 64) {
  const clock = { ms: 5_000 }
  return { clock, ...createThrottle({ slots, now: () => clock.ms }) }
}

const key = keyOf(1, 1)

t.test('a burst is free, then the pace holds', async (t) => {
  const { clock, take } = throttleAt()
  for (let i = 0; i < 4; i++) t.equal(take(key, 1000, 3), 0, `call ${i + 1} at once`)
  t.equal(take(key, 1000, 3), 1000)
  clock.ms += 400
  t.equal(take(key, 1000, 3), 600)
  clock.ms += 600
  t.equal(take(key, 1000, 3), 0)
  t.equal(take(key, 1000, 3), 1000)
})

t.test('a refused call does not move the clock', async (t) => {
  const { clock, take } = throttleAt()
  t.equal(take(key, 1000, 0), 0)
  for (let i = 0; i < 1000; i++) t.equal(take(key, 1000, 0), 1000)
  clock.ms += 1000
  t.equal(take(key, 1000, 0), 0)
})

t.test('a steady caller is never refused, and earns no more than the burst', async (t) => {
  const { clock, take } = throttleAt()
  for (let i = 0; i < 100; i++) {
    t.equal(take(key, 1000, 2), 0)
    clock.ms += 1000
  }
  clock.ms += 3_600_000
  const results = Array.from({ length: 5 }, () => take(key, 1000, 2))
  t.strictSame(results, [0, 0, 0, 1000, 1000], 'a long silence is worth one burst')
})

t.test('the pace may change from call to call', async (t) => {
  const { clock, take } = throttleAt()
  t.equal(take(key, 1000, 0), 0)
  clock.ms += 500
  t.equal(take(key, 500, 0), 500, 'what is used up stays used up')
  clock.ms += 500
  t.equal(take(key, 500, 0), 0)
  clock.ms += 500
  t.equal(take(key, 500, 0), 0)
})

t.test('peek tells what take would say and counts nothing', async (t) => {
  const { clock, take, peek } = throttleAt()
  t.equal(peek(key), 0, 'never seen')
  take(key, 1000, 1)
  t.equal(peek(key), 0)
  take(key, 1000, 1)
  for (let i = 0; i < 10; i++) t.equal(peek(key), 1000)
  clock.ms += 1000
  t.equal(peek(key), 0)
  t.equal(take(key, 1000, 1), 0)
})

t.test('keys do not disturb each other', async (t) => {
  const { take, peek } = throttleAt()
  const other = keyOf(2, 1)
  t.equal(take(key, 1000, 0), 0)
  t.equal(take(key, 1000, 0), 1000)
  t.equal(peek(other), 0)
  t.equal(take(other, 1000, 0), 0)
  t.equal(take(key, 1000, 0), 1000)
})

t.test('two keys that meet in a slot make it more lenient, never stricter', async (t) => {
  const { take, peek } = throttleAt(8)
  const newcomer = keyOf(9, 2)
  t.equal(take(key, 1000, 0), 0)
  t.equal(peek(newcomer), 0, 'it learns nothing of the other')
  t.equal(take(newcomer, 1000, 0), 0, 'it starts afresh')
  t.equal(take(newcomer, 1000, 0), 1000)
  t.equal(peek(key), 0)
  t.equal(take(key, 1000, 0), 0)
})

t.test('a tag of zero is a key like any other', async (t) => {
  const { take, peek } = throttleAt()
  const zero = keyOf(3, 0)
  t.equal(peek(zero), 0)
  t.equal(take(zero, 1000, 0), 0)
  t.equal(take(zero, 1000, 0), 1000)
})

t.test('it never refuses more than the plain rule of the leaky bucket', async (t) => {
  const steps = fc.array(
    fc.record({ wait: fc.integer({ min: 0, max: 3000 }), who: fc.integer({ min: 0, max: 5 }) }),
    { maxLength: 80 },
  )
  fc.assert(
    fc.property(steps, fc.integer({ min: 0, max: 5 }), fc.boolean(), (calls, burst, collide) => {
      const { clock, take, peek } = throttleAt(collide ? 3 : 64)
      const levels = new Map<number, { level: number; at: number }>()
      for (const { wait, who } of calls) {
        clock.ms += wait
        const { level, at } = levels.get(who) ?? { level: 0, at: clock.ms }
        const drained = Math.max(0, level - (clock.ms - at))
        const fits = drained <= burst * 1000
        const seen = peek(keyOf(who, who + 1))
        const answer = take(keyOf(who, who + 1), 1000, burst)
        if (seen !== answer && seen !== 0) throw new Error(`peek ${seen}, take ${answer}`)
        if (fits && answer !== 0) throw new Error(`refused ${who} for ${answer} ms`)
        if (!collide && !fits && answer !== drained - burst * 1000) {
          throw new Error(`${answer} ms instead of ${drained - burst * 1000}`)
        }
        levels.set(who, { level: drained + (answer === 0 ? 1000 : 0), at: clock.ms })
      }
    }),
    { seed: 20261122, numRuns: 500 },
  )
  t.pass('500 histories')
})

t.test('a million strangers cost no memory', async (t) => {
  const { take } = throttleAt(1024)
  const before = process.memoryUsage()
  for (let i = 0; i < 1_000_000; i++) {
    take(keyOf(Math.imul(i, 2654435761) >>> 0, i), 1000, 10)
  }
  const after = process.memoryUsage()
  const grown = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
  // A map of them would be 60 MB and more.
  t.ok(grown < 30_000_000, `${grown} bytes`)
})

t.test('a key can be learned and forgotten', async (t) => {
  const { take, peek, knows, learn, forget } = throttleAt()
  learn(key)
  t.ok(knows(key))
  t.equal(peek(key), 0)
  t.equal(take(key, 1000, 0), 0)
  learn(key)
  t.equal(take(key, 1000, 0), 1000, 'to learn it again gives nothing back')
  forget(keyOf(1, 2))
  t.ok(knows(key), 'another of its slot does not take it along')
  forget(key)
  t.notOk(knows(key))
  t.equal(take(key, 1000, 0), 0)
})
