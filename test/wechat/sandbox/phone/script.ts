import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { sandbox } from '../../../../src/wechat/sandbox/plugin.ts'
import { openPhone } from '../fixtures/fake-window.ts'

const SCENE = 'abcdefghijklmnopqrst-_'

type Reply = { status?: number; body: object | string }

const scanned = (match: object, more: object = {}) => ({
  body: {
    scene: SCENE,
    status: 'scanned',
    expires_in: 118,
    site: 'Example <b>&</b> Co',
    requested_by: {
      ip: '203.0.113.9',
      country: null,
      browser: '<img src=x onerror=alert(1)>',
      os: null,
      at: '2026-11-22T10:00:00Z',
    },
    match,
    notices: [],
    ...more,
  },
})
const show = scanned({ mode: 'show', code: '47' })

/** The sandbox beside a service whose ticket answers are given by path; its refusals are like ours. */
async function setUp(t: Test, replies: Record<string, Reply>, language?: string, search?: string) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sandbox, { publicUrl: 'http://127.0.0.1:3000' })
  for (const [path, { status = 200, body }] of Object.entries(replies)) {
    app.post(path, (_request, reply) => reply.code(status).send(body))
  }
  return openPhone(app, search ?? `?scene=${SCENE}`, language)
}

const scan = `/ticket/${SCENE}/scan`
const deny = `/ticket/${SCENE}/deny`

t.test('scan, look, confirm: every call has a login code of its own', async (t) => {
  const phone = await setUp(t, { [scan]: show, '/login': { body: { status: 'confirmed' } } })
  t.match(phone.main.textContent, 'Who holds this phone?')
  t.same(phone.sent, [], 'nothing is sent before somebody taps')

  await phone.tap('alice')
  const text = phone.main.textContent
  for (const part of ['Sign in to Example <b>&</b> Co?', '203.0.113.9', 'unknown', '47']) {
    t.ok(text.includes(part), part)
  }
  t.ok(text.includes('<img src=x onerror=alert(1)>'), 'data is text')
  t.same(phone.main.all('img'), [], 'and never markup')
  t.ok(text.includes('Confirm only what you opened yourself.'))

  await phone.tap('Confirm')
  t.match(phone.main.textContent, 'Signed in')
  t.same(
    phone.sent.map(({ path }) => path),
    ['/sandbox/wx-login', scan, '/sandbox/wx-login', '/login'],
  )
  const [first, second, third, fourth] = phone.sent.map(({ body }) => body)
  t.same(first, { user: 'alice' })
  t.match(second, { code: /^[0-9A-Za-z]{32}$/ })
  t.same(third, { user: 'alice' })
  t.same(fourth, { scene: SCENE, code: fourth?.code })
  t.not(fourth?.code, second?.code)
})

t.test('decline is as prominent as confirm, and says no', async (t) => {
  const phone = await setUp(t, { [scan]: show, [deny]: { body: { status: 'denied' } } })
  await phone.tap('bob')
  const [decline, confirm] = [phone.button('Decline'), phone.button('Confirm')]
  t.equal(decline.className, confirm.className)
  t.same([decline.disabled, confirm.disabled], [false, false])
  await phone.tap('Decline')
  t.match(phone.main.textContent, 'Declined')
  t.equal(phone.sent.at(-1)?.path, deny)
  t.same(Object.keys(phone.sent.at(-1)?.body ?? {}), ['code'])
})

t.test('mode choose: the number that was tapped goes with the confirmation', async (t) => {
  const phone = await setUp(t, {
    [scan]: scanned({ mode: 'choose', choices: ['12', '47', '83'] }),
    '/login': { body: { status: 'confirmed' } },
  })
  await phone.tap('alice')
  t.equal(phone.button('Confirm').disabled, true, 'not before a number is chosen')
  t.equal(phone.button('Decline').disabled, false)
  await phone.tap('83')
  await phone.tap('47')
  t.equal(phone.button('47').attributes.get('aria-pressed'), 'true')
  t.equal(phone.button('83').attributes.get('aria-pressed'), 'false')
  await phone.tap('Confirm')
  t.match(phone.sent.at(-1), { path: '/login', body: { scene: SCENE, match_code: '47' } })
})

t.test('mode off: no number is shown', async (t) => {
  const phone = await setUp(t, { [scan]: scanned({ mode: 'off' }) })
  await phone.tap('alice')
  t.notMatch(phone.main.textContent, 'number')
  t.equal(phone.button('Confirm').disabled, false)
})

t.test('what is unusual is said, the grave more visibly', async (t) => {
  const requested_by = { ip: '203.0.113.9', country: 'US', browser: 'Chrome 142', os: 'Windows' }
  const notices = [
    { kind: 'other_country', browser: 'US', phone: 'CN' },
    { kind: 'many_tickets', count: 140 },
    { kind: 'new_browser' },
    { kind: 'other_address' },
  ]
  const phone = await setUp(t, {
    [scan]: scanned({ mode: 'off' }, { requested_by: { ...requested_by, at: null }, notices }),
  })
  await phone.tap('alice')
  t.match(phone.main.textContent, '203.0.113.9 (US)')
  const seen = () => phone.main.all('li').map((item) => [item.className, item.textContent])
  t.match(seen(), [
    ['grave', /in US, this phone is in CN/],
    ['grave', /opened 140 other sign-ins/],
    ['', /not signed in from this browser/],
    ['', /another address/],
  ])
  phone.toggle.fire('click')
  t.match(seen(), [
    ['grave', /在 US 打开的，这部手机在 CN/],
    ['grave', /140 次/],
    ['', /这个浏览器/],
    ['', /IP 地址/],
  ])
  const usual = await setUp(t, { [scan]: show })
  await usual.tap('alice')
  t.same(usual.main.all('ul'), [], 'nothing is said where nothing is unusual')
})

t.test('two taps are one', async (t) => {
  const phone = await setUp(t, { [scan]: show, '/login': { body: { status: 'confirmed' } } })
  await phone.tap('alice')
  const confirm = phone.button('Confirm')
  confirm.fire('click')
  t.equal(phone.button('Confirm').disabled, true)
  t.equal(phone.notice.textContent, 'One moment …')
  confirm.fire('click')
  await phone.settle()
  t.equal(phone.sent.filter(({ path }) => path === '/login').length, 1)
})

t.test('a typed name is used', async (t) => {
  const phone = await setUp(t, { [scan]: show })
  const [field] = phone.main.all('input')
  if (field === undefined) throw new TypeError('no field')
  field.value = 'dora'
  field.fire('input')
  await phone.tap('Scan as this user')
  t.same(phone.sent[0]?.body, { user: 'dora' })
})

t.test('a refusal is shown in its own words, and leads back', async (t) => {
  const message = 'This ticket has expired. Refresh the code.'
  const phone = await setUp(t, { [scan]: show, '/login': { status: 410, body: { message } } })
  await phone.tap('alice')
  await phone.tap('Confirm')
  t.ok(phone.main.textContent.includes(message))
  t.same(phone.errors, [])
  await phone.tap('Back')
  t.match(phone.main.textContent, '47', 'back to the question')
})

t.test('a refused scan leads back to the choice of a user', async (t) => {
  const phone = await setUp(t, { [scan]: { status: 409, body: { message: 'Another one.' } } })
  await phone.tap('alice')
  t.ok(phone.main.textContent.includes('Another one.'))
  await phone.tap('Back')
  t.match(phone.main.textContent, 'Who holds this phone?')
})

t.test('no answer, or one that is no JSON, is told and logged', async (t) => {
  const phone = await setUp(t, { [scan]: { status: 502, body: '<html>' } })
  await phone.tap('alice')
  t.match(phone.main.textContent, 'The service gave no answer that can be read')
  t.equal(phone.errors.length, 1)
  await phone.tap('Back')
  phone.goOffline()
  await phone.tap('alice')
  t.match(phone.main.textContent, 'The service gave no answer that can be read')
  t.equal(phone.errors.length, 2)
})

t.test('the language is the browser’s, can be changed, and goes with every call', async (t) => {
  const phone = await setUp(t, { [scan]: show }, 'zh-TW')
  t.equal(phone.html.attributes.get('lang'), 'zh-CN')
  await phone.tap('alice')
  t.match(phone.main.textContent, '仅确认您本人打开的登录。')
  t.same(new Set(phone.sent.map(({ headers }) => headers['accept-language'])), new Set(['zh-CN']))
  phone.toggle.fire('click')
  t.equal(phone.html.attributes.get('lang'), 'en')
  t.match(phone.main.textContent, 'Confirm only what you opened yourself.')
  await phone.tap('Confirm')
  t.equal(phone.sent.at(-1)?.headers['accept-language'], 'en')
})

t.test('without a scene it says how to come here', async (t) => {
  const phone = await setUp(t, {}, 'en', '')
  t.match(phone.main.textContent, 'Scan the code')
  t.same(phone.main.all('button'), [])
})
