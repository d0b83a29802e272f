import t from 'tap'
import { AppError } from '../../src/errors.ts'
import { createTarpit } from '../../src/http/tarpit.ts'

t.test(
  'an address hears 500 refusals at once, then 100 a second, and the others late',
  async (t) => {
    let now = 0
    const pauseOf = createTarpit(() => now)
    const refused = new AppError('RATE_LIMITED')
    const held = (ip: string, count: number) =>
      Array.from({ length: count }, () => pauseOf(refused, { ip })).filter((ms) => ms > 0)

    t.strictSame(held('198.51.100.1', 500), [])
    t.strictSame(new Set(held('198.51.100.1', 1_000)), new Set([1_000]))
    t.strictSame(held('198.51.100.2', 500), [], 'others do not wait for it')
    now = 1_000
    t.equal(held('198.51.100.1', 300).length, 200, 'a second later')
    now = 60_000
    t.strictSame(held('198.51.100.1', 500), [], 'and it is no flood any more')
  },
)

t.test('what is no refusal for its number never waits', async (t) => {
  const pauseOf = createTarpit(() => 0)
  for (let i = 0; i < 1_000; i++) pauseOf(new AppError('RATE_LIMITED'), { ip: '198.51.100.1' })
  t.equal(pauseOf(new AppError('BAD_SECRET'), { ip: '198.51.100.1' }), 0)
})
