import t from 'tap'
import { createTokens } from '../../../src/sandbox/wechat/tokens.ts'
import { createClock } from '../../fixtures/network/sandbox-clock.ts'

const MINUTE = 60_000

function setUp() {
  const clock = createClock()
  return { clock, tokens: createTokens({ now: clock.now }) }
}

t.test('a token looks like one of WeChat and lives two hours', async (t) => {
  const { tokens, clock } = setUp()
  const { access_token, expires_in } = tokens.plain()
  t.match(access_token, /^\d{2}_[A-Za-z0-9_-]{130}$/)
  t.equal(expires_in, 7200)
  clock.advance(120 * MINUTE - 1)
  t.equal(tokens.check(access_token), 0)
  clock.advance(1)
  t.equal(tokens.check(access_token), 42001)
})

t.test('stable: the same token with the time that remains, never below 300 seconds', async (t) => {
  const { tokens, clock } = setUp()
  const first = tokens.stable(false)
  clock.advance(115 * MINUTE)
  t.same(tokens.stable(false), { access_token: first.access_token, expires_in: 300 })
  clock.advance(1)
  const second = tokens.stable(false)
  t.not(second.access_token, first.access_token)
  t.equal(second.expires_in, 7200)
})

t.test(
  'stable: after a renewal both work for five minutes, then the old one is over',
  async (t) => {
    const { tokens, clock } = setUp()
    const first = tokens.stable(false)
    clock.advance(118 * MINUTE)
    const second = tokens.stable(false)
    clock.advance(5 * MINUTE - 1)
    t.equal(tokens.check(first.access_token), 0, 'even past its own two hours')
    clock.advance(1)
    t.equal(tokens.check(first.access_token), 42001)
    t.equal(tokens.check(second.access_token), 0)
  },
)

t.test('stable: a renewal does not revive a token that has expired', async (t) => {
  const { tokens, clock } = setUp()
  const first = tokens.stable(false)
  clock.advance(120 * MINUTE)
  tokens.stable(false)
  t.equal(tokens.check(first.access_token), 42001)
})

t.test(
  'stable: a forced refresh needs 30 seconds since the last, else nothing changes',
  async (t) => {
    const { tokens, clock } = setUp()
    const first = tokens.stable(false)
    const second = tokens.stable(true)
    t.not(second.access_token, first.access_token)
    clock.advance(29_999)
    t.same(tokens.stable(true), { access_token: second.access_token, expires_in: 7170 })
    clock.advance(1)
    const third = tokens.stable(true)
    t.not(third.access_token, second.access_token)
    t.equal(
      tokens.check(first.access_token),
      40001,
      'two forced refreshes end a leaked token at once',
    )
    t.equal(tokens.check(second.access_token), 0)
  },
)

t.test('stable: a forced refresh works 20 times a day', async (t) => {
  const { tokens, clock } = setUp()
  const seen = new Set([tokens.stable(false).access_token])
  for (let time = 0; time < 25; time += 1) {
    clock.advance(30_000)
    seen.add(tokens.stable(true).access_token)
  }
  t.equal(seen.size, 21)
  clock.advance(6 * 60 * MINUTE)
  tokens.stable(false)
  clock.advance(30_000)
  const before = tokens.stable(false).access_token
  t.not(tokens.stable(true).access_token, before, 'the next day has 20 of its own')
})

t.test('plain: every call makes a new one and the previous works five more minutes', async (t) => {
  const { tokens, clock } = setUp()
  const [a, b] = [tokens.plain().access_token, tokens.plain().access_token]
  t.not(a, b)
  clock.advance(5 * MINUTE - 1)
  t.equal(tokens.check(a), 0)
  clock.advance(1)
  t.equal(tokens.check(a), 40001, 'not latest')
  t.equal(tokens.check(b), 0)
})

t.test('plain: of three in a row the first ends with the third', async (t) => {
  const { tokens } = setUp()
  const [a, b, c] = [tokens.plain(), tokens.plain(), tokens.plain()].map((x) => x.access_token)
  t.same(
    [a, b, c].map((token) => tokens.check(String(token))),
    [40001, 0, 0],
  )
})

t.test('the two families leave each other alone', async (t) => {
  const { tokens } = setUp()
  const stable = tokens.stable(false).access_token
  tokens.plain()
  tokens.plain()
  t.equal(tokens.check(stable), 0)
  t.equal(tokens.stable(false).access_token, stable)
})

t.test('what is no token of ours is malformed or not the latest', async (t) => {
  const { tokens } = setUp()
  t.equal(tokens.check('nonsense'), 40014)
  t.equal(tokens.check(`12_${'A'.repeat(130)}`), 40001)
})
