import t from 'tap'
import { repeat } from '../../src/jobs/repeat.ts'

// The loop's own timer lets a process end, so something else has to keep this one.
const alive = setInterval(() => {}, 1_000)
t.teardown(() => clearInterval(alive))

const unexpected = (error: unknown): never => {
  throw error
}

t.test('it pauses before the first round, and stops while asleep', async (t) => {
  let rounds = 0
  const stop = repeat({ everyMs: 3_600_000, task: async () => rounds++, onError: unexpected })
  await stop()
  t.equal(rounds, 0)
})

t.test('it goes round until it is stopped, one round at a time', async (t) => {
  let running = 0
  let rounds = 0
  let enough = () => {}
  const three = new Promise<void>((resolve) => (enough = resolve))
  const stop = repeat({
    everyMs: 1,
    task: async () => {
      t.equal(++running, 1)
      await new Promise((resolve) => setImmediate(resolve))
      running--
      if (++rounds === 3) enough()
    },
    onError: unexpected,
  })
  await three
  await stop()
  const atStop = rounds
  await new Promise((resolve) => setTimeout(resolve, 20))
  t.equal(rounds, atStop, 'nothing runs after the stop')
})

t.test('stopped while working, the task is told and its end is waited for', async (t) => {
  const events: string[] = []
  let begun = () => {}
  const working = new Promise<void>((resolve) => (begun = resolve))
  const stop = repeat({
    everyMs: 1,
    task: (signal) =>
      new Promise<void>((resolve) => {
        signal.addEventListener('abort', () => {
          events.push('told')
          setImmediate(() => (events.push('finished'), resolve()))
        })
        begun()
      }),
    onError: unexpected,
  })
  await working
  await stop()
  events.push('stopped')
  t.same(events, ['told', 'finished', 'stopped'])
  await stop()
})

t.test('a failure is handed over and the next round tries again', async (t) => {
  const errors: unknown[] = []
  let rounds = 0
  let enough = () => {}
  const three = new Promise<void>((resolve) => (enough = resolve))
  const stop = repeat({
    everyMs: 1,
    task: async () => {
      rounds++
      if (rounds === 3) enough()
      if (rounds < 3) throw new Error(`round ${rounds}`)
    },
    onError: (error) => errors.push(error),
  })
  await three
  await stop()
  t.match(errors, [{ message: 'round 1' }, { message: 'round 2' }])
  t.equal(errors.length, 2)
})

t.test('pauses differ, within half of what was asked for', async (t) => {
  const pauses: number[] = []
  t.intercept(Math, 'random', { value: () => [0, 0.999][pauses.length] ?? 0 })
  let last = performance.now()
  let enough = () => {}
  const two = new Promise<void>((resolve) => (enough = resolve))
  const stop = repeat({
    everyMs: 100,
    task: async () => {
      pauses.push(performance.now() - last)
      last = performance.now()
      if (pauses.length === 2) enough()
    },
    onError: unexpected,
  })
  await two
  await stop()
  // Timers are never early by more than the millisecond they are rounded to.
  t.ok((pauses[0] ?? 0) >= 48, `${pauses[0]}`)
  t.ok((pauses[1] ?? 0) >= 147, `${pauses[1]}`)
})
