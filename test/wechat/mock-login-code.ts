import t from 'tap'
import { startApp } from '../fixtures/app.ts'
import { startServer } from '../fixtures/guide-run.ts'
import { call, clientOf } from '../fixtures/network/client.ts'

/** What no WeChat has made is no login code, and WeChat is not asked: found 21. */

const MOCK = 'the code is a mock one'

t.test('a login code of a wrong shape is LOGIN_CODE_INVALID, without a call', async (t) => {
  const { url, logged } = await startApp(t, { logLevel: 'info' })
  const ticket = await clientOf(url).create()
  const asked = async () =>
    ((await call(`${url}/sandbox/calls`)).body as Record<string, number>)['jscode2session'] ?? 0
  for (const code of [MOCK, 'with spaces', '登录', 'x'.repeat(129), 'a/b+c=', '<script>']) {
    for (const [path, body] of [
      ['/login', { code }],
      ['/login', { code, scene: ticket.scene }],
      [`/ticket/${ticket.scene}/scan`, { code }],
      [`/ticket/${ticket.scene}/deny`, { code }],
    ] as const) {
      const answer = await call(url + path, { json: body })
      // More than a few are refused before they are looked at.
      if (answer.status === 429) continue
      t.match(answer, { status: 400, body: { code: 'LOGIN_CODE_INVALID' } }, `${path} ${code}`)
    }
  }
  t.equal(await asked(), 0)
  t.match(logged(), /the developer tool runs without an AppID/)
  t.notMatch(logged(), /a mock one"/, 'the code itself is not logged')
  const next = await clientOf(url).create()
  t.match(await clientOf(url).login(next, 'alice'), { status: 200 }, 'and real ones work')
})

t.test(
  'no text at all, one that is too long, or with control characters is no request',
  async (t) => {
    const { url } = await startApp(t)
    for (const code of ['', 'x'.repeat(513), 'a\nb', 'a\u0000b']) {
      const answer = await call(`${url}/login`, { json: { code } })
      t.match(answer, { status: 400, body: { code: 'INVALID_REQUEST' } }, JSON.stringify(code))
    }
  },
)

t.test('the sandbox takes the developer tool’s, any number of times, as one user', async (t) => {
  // The service itself: what its tests build by hand stands for the real WeChat above.
  const url = await startServer(t, {})
  const { create, poll, loginCode } = clientOf(url)
  const users = new Set<string>()
  for (const ticket of [await create(), await create()]) {
    const scanned = await call(`${url}/ticket/${ticket.scene}/scan`, { json: { code: MOCK } })
    t.match(scanned, { status: 200, body: { status: 'scanned' } })
    const confirmed = await call(`${url}/login`, { json: { code: MOCK, scene: ticket.scene } })
    t.match(confirmed, { status: 200, body: { status: 'confirmed' } })
    t.match((await poll(ticket)).body, { status: 'confirmed' })
    users.add(confirmed.body.user.id)
  }
  const declined = await create()
  await call(`${url}/ticket/${declined.scene}/scan`, { json: { code: MOCK } })
  const answer = await call(`${url}/ticket/${declined.scene}/deny`, { json: { code: MOCK } })
  t.match(answer, { status: 200, body: { status: 'denied' } })
  for (const code of [MOCK, MOCK, await loginCode('devtools')]) {
    users.add((await call(`${url}/login`, { json: { code } })).body.user.id)
  }
  t.equal(users.size, 1)
  const other = await call(`${url}/login`, { json: { code: 'another mock one' } })
  t.match(other, { status: 400, body: { code: 'LOGIN_CODE_INVALID' } })
})
