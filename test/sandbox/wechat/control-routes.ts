import { setImmediate } from 'node:timers/promises'
import t from 'tap'
import { openSandbox } from '../../fixtures/network/sandbox.ts'

t.test('wx-login gives every user a login code, but wants a name', async (t) => {
  const sandbox = await openSandbox(t)
  for (const user of ['alice', 'mallory', 'a', 'a-b_c-0123456789', 'x'.repeat(32)]) {
    t.match(await sandbox.login(user), /^[0-9A-Za-z]{32}$/)
  }
  for (const user of ['', 'Alice', 'x'.repeat(33), '爱丽丝', 'a b']) {
    t.equal((await sandbox.call('POST', '/sandbox/wx-login', { user })).status, 400, user)
  }
  t.equal((await sandbox.call('POST', '/sandbox/wx-login')).status, 400)
})

t.test('a fault with an errcode hits as many calls as it was made for', async (t) => {
  const sandbox = await openSandbox(t)
  const fault = { api: 'stable_token', errcode: -1, times: 2 }
  t.equal((await sandbox.call('POST', '/sandbox/faults', fault)).status, 204)
  t.type((await sandbox.plainToken()).json.access_token, 'string', 'other APIs are not concerned')
  t.match((await sandbox.stableToken()).text, /^{"errcode":-1,"errmsg":"system error rid: /)
  t.equal((await sandbox.stableToken()).json.errcode, -1)
  t.type((await sandbox.stableToken()).json.access_token, 'string')
})

t.test('a fault hits once unless told otherwise, and costs no login code', async (t) => {
  const sandbox = await openSandbox(t)
  await sandbox.call('POST', '/sandbox/faults', { api: 'code2session', errcode: 40125 })
  const code = await sandbox.login('bob')
  t.match(
    (await sandbox.session(code)).text,
    /^{"errcode":40125,"errmsg":"invalid appsecret, rid: /,
  )
  t.type((await sandbox.session(code)).json.openid, 'string')
})

t.test('a fault with a status answers no JSON', async (t) => {
  const sandbox = await openSandbox(t)
  await sandbox.call('POST', '/sandbox/faults', { api: 'code2session', http_status: 502 })
  const answer = await sandbox.session(await sandbox.login('bob'))
  t.same([answer.status, answer.type], [502, 'text/html'])
})

t.test('an errcode that the sandbox has no words for is answered all the same', async (t) => {
  const sandbox = await openSandbox(t)
  await sandbox.call('POST', '/sandbox/faults', { api: 'stable_token', errcode: 89503 })
  t.equal((await sandbox.stableToken()).json.errcode, 89503)
})

t.test('faults can be taken back', async (t) => {
  const sandbox = await openSandbox(t)
  await sandbox.call('POST', '/sandbox/faults', { api: 'stable_token', errcode: -1, times: 9 })
  t.equal((await sandbox.call('DELETE', '/sandbox/faults')).status, 204)
  t.type((await sandbox.stableToken()).json.access_token, 'string')
})

t.test('a fault that makes no sense is refused', async (t) => {
  const sandbox = await openSandbox(t)
  for (const fault of [{}, { api: 'wxpay' }, { api: 'code2session', delay_ms: -1 }]) {
    t.equal((await sandbox.call('POST', '/sandbox/faults', fault)).status, 400)
  }
})

t.test('calls are counted for each API, failed ones too', async (t) => {
  const sandbox = await openSandbox(t)
  await sandbox.call('POST', '/sandbox/faults', { api: 'stable_token', errcode: -1 })
  await sandbox.stableToken()
  await sandbox.stableToken()
  await sandbox.session('x'.repeat(32))
  t.same((await sandbox.call('GET', '/sandbox/calls')).json, {
    stable_token: 2,
    token: 0,
    getwxacodeunlimit: 0,
    generate_urllink: 0,
    code2session: 1,
  })
})

t.test('over the network, hang_up drops the connection without an answer', async (t) => {
  const sandbox = await openSandbox(t)
  const origin = await sandbox.app.listen({ port: 0 })
  await sandbox.call('POST', '/sandbox/faults', { api: 'stable_token', hang_up: true })
  const path = '/sandbox/wechat/cgi-bin/stable_token'
  await t.rejects(fetch(origin + path, { method: 'POST', body: '{}' }))
  t.equal((await fetch(origin + path, { method: 'POST', body: '{}' })).status, 200)
})

t.test('a delay holds the answer back', async (t) => {
  const sandbox = await openSandbox(t)
  await sandbox.call('POST', '/sandbox/faults', { api: 'stable_token', delay_ms: 200 })
  const start = performance.now()
  t.type((await sandbox.stableToken()).json.access_token, 'string')
  t.ok(performance.now() - start >= 190)
})

t.test('a closing app hangs up on delayed calls instead of waiting for them', async (t) => {
  const sandbox = await openSandbox(t)
  const origin = await sandbox.app.listen({ port: 0 })
  await sandbox.call('POST', '/sandbox/faults', { api: 'stable_token', delay_ms: 60_000 })
  const held = fetch(`${origin}/sandbox/wechat/cgi-bin/stable_token`, {
    method: 'POST',
    body: '{}',
  })
  const refused = t.rejects(held)
  for (let calls: unknown = 0; calls !== 1;) {
    await setImmediate()
    calls = (await sandbox.call('GET', '/sandbox/calls')).json.stable_token
  }
  await sandbox.app.close()
  await refused
})
