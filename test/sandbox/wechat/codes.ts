import t from 'tap'
import { createCodes, type Session } from '../../../src/sandbox/wechat/codes.ts'
import { createClock } from '../../fixtures/network/sandbox-clock.ts'

const MINUTE = 60_000

function setUp(appid = 'wx0123456789abcdef') {
  const clock = createClock()
  return { clock, codes: createCodes({ appid, now: clock.now }) }
}

t.test('a code is 32 letters and digits and gives a session in the shapes of WeChat', async (t) => {
  const { codes } = setUp()
  const code = codes.issue('alice')
  t.match(code, /^[0-9A-Za-z]{32}$/)
  const session = codes.redeem(code) as Session
  t.match(session.openid, /^o[A-Za-z0-9_-]{27}$/)
  t.match(session.unionid, /^o[A-Za-z0-9_-]{27}$/)
  t.match(session.session_key, /^[A-Za-z0-9+/]{22}==$/)
})

t.test('a user keeps the openid, and has another one under another appid', async (t) => {
  const here = setUp()
  const there = setUp('wxfedcba9876543210')
  const alice = () => here.codes.redeem(here.codes.issue('alice')) as Session
  const [first, second] = [alice(), alice()]
  const other = there.codes.redeem(there.codes.issue('alice')) as Session
  const bob = here.codes.redeem(here.codes.issue('bob')) as Session
  t.equal(first.openid, second.openid)
  t.not(first.session_key, second.session_key)
  t.not(other.openid, first.openid)
  t.equal(other.unionid, first.unionid)
  t.not(bob.openid, first.openid)
  t.notOk('unionid' in bob)
})

t.test('the developer tool’s constant code is one user’s, and works every time', async (t) => {
  const { codes } = setUp()
  const mock = () => codes.redeem('the code is a mock one')
  const { openid } = codes.redeem(codes.issue('devtools')) as Session
  for (let time = 1; time < 100; time += 1) t.match(mock(), { openid })
  t.equal(mock(), 45011, 'as often as any user may')
})

t.test('a code works once; used again it says so while it lives', async (t) => {
  const { codes, clock } = setUp()
  const code = codes.issue('bob')
  t.type(codes.redeem(code), 'object')
  clock.advance(5 * MINUTE - 1)
  t.equal(codes.redeem(code), 40163)
  clock.advance(1)
  t.equal(codes.redeem(code), 40029)
})

t.test('a code lives five minutes', async (t) => {
  const { codes, clock } = setUp()
  const [early, late] = [codes.issue('bob'), codes.issue('bob')]
  clock.advance(5 * MINUTE - 1)
  t.type(codes.redeem(early), 'object')
  clock.advance(1)
  t.equal(codes.redeem(late), 40029)
})

t.test('unknown codes and blocked people are refused', async (t) => {
  const { codes } = setUp()
  t.equal(codes.redeem('x'.repeat(32)), 40029)
  const code = codes.issue('mallory')
  t.equal(codes.redeem(code), 40226)
  t.equal(codes.redeem(code), 40163)
})

t.test(
  'a user has 100 calls a minute; a refused code stays good for the next minute',
  async (t) => {
    const { codes, clock } = setUp()
    for (let call = 0; call < 100; call += 1) t.type(codes.redeem(codes.issue('bob')), 'object')
    const code = codes.issue('bob')
    t.equal(codes.redeem(code), 45011)
    t.type(codes.redeem(codes.issue('carol')), 'object', 'others are not concerned')
    clock.advance(MINUTE)
    t.type(codes.redeem(code), 'object')
  },
)

t.test('it remembers a bounded number of codes', async (t) => {
  const { codes } = setUp()
  const first = codes.issue('bob')
  let last = ''
  for (let count = 0; count < 10_000; count += 1) last = codes.issue('bob')
  t.equal(codes.redeem(first), 40029)
  t.type(codes.redeem(last), 'object')
})
