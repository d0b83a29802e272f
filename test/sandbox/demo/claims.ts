import { SignJWT } from 'jose'
import t from 'tap'
import { claimsOf, valueOf } from '../../../src/sandbox/demo/claims.ts'

t.test('the claims of a token are read as they are, in any script', async (t) => {
  const claims = { sub: 'f11868ab', amr: ['wechat'], name: '示例 ÿ?>~', exp: 1 }
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode('x'.repeat(32)))
  t.same(claimsOf(token), claims)
})

t.test('a time is shown as a time as well, in the visitor’s clock; nothing else is', async (t) => {
  const seconds = new Date(2026, 10, 6, 7, 8, 9).getTime() / 1000
  for (const name of ['iat', 'exp', 'auth_time']) {
    t.equal(valueOf(name, seconds), `${seconds} · 2026-11-06 07:08:09`)
  }
  t.equal(valueOf('sub', 'f11868ab'), 'f11868ab')
  t.equal(valueOf('amr', ['wechat']), '["wechat"]')
  t.equal(valueOf('height', seconds), String(seconds))
})
