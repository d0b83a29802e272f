import { setTimeout as sleep } from 'node:timers/promises'
import t from 'tap'
import { SANDBOX_APPID, SANDBOX_SECRET } from '../../../src/config/sandbox.ts'
import { startApp } from '../../fixtures/app.ts'
import { call, clientOf } from '../../fixtures/network/client.ts'

const linesOf = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>)

t.test('at debug there is a line for every answer, with a path and no query', async (t) => {
  const { url, logged } = await startApp(t, { logLevel: 'debug' })
  await call(`${url}/livez?token=hunter2`)
  await call(`${url}/nothing?secret=hunter2`)
  const answered = linesOf(logged()).filter(({ msg }) => msg === 'answered')
  t.match(answered, [
    { level: 'debug', method: 'GET', path: '/livez', status: 200, ms: Number, reqId: String },
    { level: 'debug', method: 'GET', path: null, status: 404, ms: Number, reqId: String },
  ])
  t.not(answered[0]?.['reqId'], answered[1]?.['reqId'])
  t.notMatch(logged(), 'hunter2')
})

t.test('of a path there is its route alone, and nothing that a caller wrote there', async (t) => {
  const { url, logged } = await startApp(t, { logLevel: 'trace' })
  const { scene } = await clientOf(url).create()
  const answered = () => (logged() ? linesOf(logged()) : []).filter(({ msg }) => msg === 'answered')
  const shown = async (method: string, path: string) => {
    const before = answered().length
    await call(url + path, { method })
    // The line is written once the answer has been sent.
    while (answered().length === before) await sleep(5)
    return answered().at(-1)?.['path']
  }
  for (const [method, path, expected] of [
    ['GET', '/hunter2', null],
    ['GET', '/hunter2/hunter2/hunter2hunter2', null],
    ['GET', `/ticket/${scene}/hunter2`, null],
    ['PURGE', '/hunter2', null],
    ['GET', '/ticket/hunter2', '/ticket/:scene'],
    ['GET', `/ticket/${'hunter2'.repeat(9)}/qrcode`, '/ticket/:scene/qrcode'],
    ['GET', `/ticket/${scene}/qrcode`, `/ticket/${scene.slice(0, 8)}…/qrcode`],
  ] as const) {
    t.equal(await shown(method, path), expected, `${method} ${path}`)
  }
  for (const path of ['/docs/hunter2', '/docs/static/hunter2.js', '/sandbox/wechat/hunter2']) {
    for (const method of ['GET', 'PUT', 'OPTIONS']) await shown(method, path)
  }
  t.notMatch(logged(), 'hunter')
})

t.test('at info nobody is told of every poll', async (t) => {
  const { url, logged } = await startApp(t, { logLevel: 'info' })
  const before = logged()
  await call(`${url}/livez`)
  await call(`${url}/ticket`, { json: { scene: 7 } })
  t.equal(logged(), before)
})

t.test('a whole login at trace leaves nothing in the log that anybody could use', async (t) => {
  const { url, logged } = await startApp(t, { logLevel: 'trace' })
  const client = clientOf(url)
  const ticket = await client.create()
  await call(`${url}/ticket/${ticket.scene}/qrcode`)
  const codes = await Promise.all([1, 2, 3, 4].map(() => client.loginCode('alice')))
  const [first, second, third, fourth] = codes
  await call(`${url}/ticket/${ticket.scene}/scan`, { json: { code: first } })
  const phone = await call(`${url}/login`, { json: { code: second, scene: ticket.scene } })
  const browser = await client.poll(ticket)
  t.match([phone.status, browser.status], [200, 200])

  const failures = [
    await call(`${url}/login`, { json: { code: second, scene: ticket.scene } }),
    await call(`${url}/ticket/${ticket.scene}`, { headers: { authorization: 'Bearer hunter2' } }),
    await call(`${url}/login?code=${third}`, { json: { code: [third], token: 'hunter2' } }),
    await call(`${url}/ticket`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: `Bearer ${ticket.secret}` },
      body: `{"code":"${fourth}"`,
    }),
  ]
  t.strictSame(
    failures.map(({ status }) => status),
    [400, 401, 400, 400],
  )
  await call(`${url}/sandbox/faults`, { json: { api: 'code2session', errcode: 40013 } })
  const broken = await call(`${url}/login`, { json: { code: fourth } })
  t.equal(broken.status, 502)

  const accessToken = await call(`${url}/sandbox/wechat/cgi-bin/stable_token`, {
    json: { grant_type: 'client_credential', appid: SANDBOX_APPID, secret: SANDBOX_SECRET },
  })
  const text = logged()
  t.ok(linesOf(text).length > 10, 'there is a log to read')
  for (const [name, value] of Object.entries({
    secret: ticket.secret,
    browserToken: browser.body.token,
    phoneToken: phone.body.token,
    appSecret: SANDBOX_SECRET,
    accessToken: accessToken.body.access_token,
    guess: 'hunter2',
    ...codes,
  })) {
    t.ok(String(value).length > 5, name)
    t.notOk(text.includes(value), `the log has no ${name}`)
  }
  t.notMatch(text, /session_key|-----BEGIN|"d":/)
})
