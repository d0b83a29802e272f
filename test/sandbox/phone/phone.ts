import Fastify from 'fastify'
import t, { type Test } from 'tap'
import { sandboxAccount } from '../../../src/config/sandbox.ts'
import { sandbox } from '../../../src/sandbox/plugin.ts'
import { openPhone } from '../../fixtures/browser/sandbox-phone.ts'

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
      browser: '<img src=x onerror=alert(1)>',
      os: null,
      at: '2026-11-22T10:00:00Z',
    },
    match,
    ...more,
  },
})
const show = scanned({ mode: 'show', code: '47' })
const confirmed = { body: { scene: SCENE, status: 'confirmed', user: { id: '1' }, token: 'x' } }

/** The sandbox beside a service whose ticket answers are given by path; its refusals are like ours. */
async function setUp(t: Test, replies: Record<string, Reply>, language?: string, search?: string) {
  const app = Fastify()
  t.teardown(() => app.close())
  await app.register(sandbox, { ...sandboxAccount, publicUrl: 'http://127.0.0.1:3000' })
  for (const [path, { status = 200, body }] of Object.entries(replies)) {
    app.post(path, (_request, reply) => reply.code(status).send(body))
  }
  return openPhone(t, app, search ?? `?scene=${SCENE}`, language)
}

const SCAN = `/ticket/${SCENE}/scan`
const DENY = `/ticket/${SCENE}/deny`

t.test('scan, look, confirm: every call has a login code of its own', async (t) => {
  const phone = await setUp(t, { [SCAN]: show, '/login': confirmed })
  t.match(phone.main.textContent, 'Who holds this phone?')
  t.same(phone.sent, [], 'nothing is sent before the first tap')

  await phone.tap('alice')
  const text = phone.main.textContent
  for (const part of ['Sign in to Example <b>&</b> Co?', '203.0.113.9', 'unknown', '47']) {
    t.ok(text.includes(part), part)
  }
  t.ok(text.includes('<img src=x onerror=alert(1)>'), 'data is text')
  t.equal(phone.main.querySelector('img, b'), null, 'and never markup')
  t.ok(text.includes('Confirm only what you opened yourself, never a code that you were sent.'))

  await phone.tap('Confirm')
  t.match(phone.main.textContent, 'Signed in')
  t.same(
    phone.sent.map(({ path }) => path),
    ['/sandbox/wx-login', SCAN, '/sandbox/wx-login', '/login'],
  )
  const [first, second, third, fourth] = phone.sent.map(({ body }) => body)
  t.same(first, { user: 'alice' })
  t.match(second, { code: /^[0-9A-Za-z]{32}$/ })
  t.same(third, { user: 'alice' })
  t.same(fourth, { scene: SCENE, code: fourth?.code })
  t.not(fourth?.code, second?.code)
})

t.test('decline is as prominent as confirm, and says no', async (t) => {
  const denied = { body: { scene: SCENE, status: 'denied' } }
  const phone = await setUp(t, { [SCAN]: show, [DENY]: denied })
  await phone.tap('bob')
  const [decline, confirm] = [phone.button('Decline'), phone.button('Confirm')]
  t.equal(decline.className, confirm.className)
  t.same([decline.disabled, confirm.disabled], [false, false])
  await phone.tap('Decline')
  t.match(phone.main.textContent, 'Declined')
  t.equal(phone.sent.at(-1)?.path, DENY)
  t.same(Object.keys(phone.sent.at(-1)?.body ?? {}), ['code'])
})

t.test('“Done” leaves the mini program: the phone is as it was before the scan', async (t) => {
  const phone = await setUp(t, { [SCAN]: show, '/login': confirmed })
  await phone.tap('alice')
  t.throws(() => phone.button('Done'))
  await phone.tap('Confirm')
  await phone.tap('Done')
  t.match(phone.main.textContent, 'Sign in by scanning')
  t.equal(phone.document.location.search, '', 'loaded again, it has no code either')
})

t.test('mode choose: the number that was tapped goes with the confirmation', async (t) => {
  const choices = ['12', '47', '83']
  const phone = await setUp(t, {
    [SCAN]: scanned({ mode: 'choose', choices }),
    '/login': confirmed,
  })
  await phone.tap('alice')
  t.equal(phone.button('Confirm').disabled, true, 'not before a number is chosen')
  t.equal(phone.button('Decline').disabled, false)
  await phone.tap('83')
  await phone.tap('47')
  t.equal(phone.button('47').getAttribute('aria-pressed'), 'true')
  t.equal(phone.button('83').getAttribute('aria-pressed'), 'false')
  await phone.tap('Confirm')
  t.match(phone.sent.at(-1), { path: '/login', body: { scene: SCENE, match_code: '47' } })
})

t.test('mode off: no number is shown', async (t) => {
  const phone = await setUp(t, { [SCAN]: scanned({ mode: 'off' }) })
  await phone.tap('alice')
  t.notMatch(phone.main.textContent, 'number')
  t.equal(phone.button('Confirm').disabled, false)
})

t.test('what is unusual is told', async (t) => {
  const phone = await setUp(t, {
    [SCAN]: scanned(
      { mode: 'off' },
      {
        notices: [{ kind: 'new_browser' }, { kind: 'many_tickets', count: 140 }, { kind: 'later' }],
      },
    ),
  })
  await phone.tap('alice')
  const texts = (selector: string) =>
    [...phone.main.querySelectorAll(selector)].map((p) => p.textContent)
  t.match(texts('.unusual'), [
    'You have not signed in with this browser before.',
    /asked for 140 other sign-ins/,
  ])
  t.match(texts('.grave'), [/140/])
})

t.test('two taps are one', async (t) => {
  const phone = await setUp(t, { [SCAN]: show, '/login': confirmed })
  await phone.tap('alice')
  const confirm = phone.button('Confirm')
  confirm.click()
  t.equal(phone.button('Decline').disabled, true)
  t.equal(phone.notice.textContent, 'One moment …')
  t.equal(phone.button('Confirming …').className, 'decide waits')
  t.equal(phone.main.querySelectorAll('.spinner').length, 1)
  confirm.click()
  await phone.settle()
  t.equal(phone.sent.filter(({ path }) => path === '/login').length, 1)
})

t.test('a typed name is used, where it is one', async (t) => {
  const phone = await setUp(t, { [SCAN]: show })
  const field = phone.main.querySelector('input')
  for (const wrong of ['', 'Dora', 'd o']) {
    field.value = wrong
    await phone.tap('Scan as this user')
    t.same(phone.sent, [])
  }
  field.value = 'dora-_1'
  await phone.tap('Scan as this user')
  t.same(phone.sent[0]?.body, { user: 'dora-_1' })
})

t.test('a refused scan is told in the mini program’s words, and another may try', async (t) => {
  const refused = { status: 409, body: { code: 'SCANNED_BY_ANOTHER', message: 'Another one.' } }
  const phone = await setUp(t, { [SCAN]: refused })
  await phone.tap('alice')
  t.match(phone.main.textContent, 'Another person has scanned this code')
  t.same(phone.warnings, [])
  await phone.tap('Another user')
  t.match(phone.main.textContent, 'Who holds this phone?')
  await phone.tap('bob')
  t.same(phone.sent[2]?.body, { user: 'bob' })
})

t.test('no answer is told and logged, and the same call can be made again', async (t) => {
  const phone = await setUp(t, { [SCAN]: show, '/login': confirmed })
  await phone.tap('alice')
  phone.offline = true
  await phone.tap('Confirm')
  t.match(phone.main.textContent, 'No connection')
  t.equal(phone.warnings.length, 1)
  phone.offline = false
  await phone.tap('Try again')
  t.match(phone.main.textContent, 'Signed in')
})

t.test('the time that is left goes on, and nothing else moves', async (t) => {
  const phone = await setUp(t, { [SCAN]: show })
  await phone.tap('alice')
  const [confirm, left] = [phone.button('Confirm'), phone.main.querySelector('[role=timer]')]
  const before = left.textContent
  t.match(before, /^1:58 left/)
  while (left.textContent === before) await new Promise((resolve) => setTimeout(resolve, 50))
  t.match(left.textContent, /^1:5[67] left/)
  t.equal(phone.button('Confirm'), confirm, 'the very same button')
})

t.test('the language is the browser’s, and can be changed', async (t) => {
  const phone = await setUp(t, { [SCAN]: show }, 'zh-TW')
  t.equal(phone.document.documentElement.lang, 'zh-CN')
  await phone.tap('alice')
  t.match(phone.main.textContent, '请确认网页是您本人打开的；别人发来的码请勿确认。')
  phone.toggle.click()
  t.equal(phone.document.documentElement.lang, 'en')
  t.match(
    phone.main.textContent,
    'Confirm only what you opened yourself, never a code that you were sent.',
  )
})

t.test('without a scene it says how to come here', async (t) => {
  const phone = await setUp(t, {}, 'en', '')
  t.match(phone.main.textContent, 'scan the code there')
  t.equal(phone.main.querySelector('button'), null)
})
