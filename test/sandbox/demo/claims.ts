import { SignJWT } from 'jose'
import t from 'tap'
import { claimsOf } from '../../../src/sandbox/demo/claims.ts'

t.test('the claims of a token are read as they are, in any script', async (t) => {
  const claims = { sub: 'f11868ab', amr: ['wechat'], name: '示例 ÿ?>~', exp: 1 }
  const token = await new SignJWT(claims)
    .setProtectedHeader({ alg: 'HS256' })
    .sign(new TextEncoder().encode('x'.repeat(32)))
  t.same(claimsOf(token), claims)
})
