import t from 'tap'
import { signIn } from '../../src/web/client.ts'
import { startApp } from '../fixtures/app.ts'
import { openBrowser, openPage } from '../fixtures/browser/browser.ts'
import { until } from '../fixtures/browser/element.ts'
import { pageWithElement } from '../fixtures/browser/site.ts'
import { clientOf } from '../fixtures/network/client.ts'

/** The call that creates a ticket may go elsewhere on the same service: the rest goes on as ever. */

const asked: { path: string; cookie: string | undefined; body: unknown }[] = []
const { url } = await startApp(t, {
  around: [
    async (app) => {
      for (const [path, begin] of Object.entries({
        '/page': '/begin/it/ticket',
        '/over': '/begin/over/ticket',
        '/gone': '/begin/gone/ticket',
      })) {
        app.get(path, (_request, reply) =>
          reply
            .header('set-cookie', 'interaction=it; Path=/begin; HttpOnly; SameSite=Lax')
            .type('text/html; charset=utf-8')
            .send(pageWithElement(url, `begin="${begin}" lang="en" channel="miniprogram"`)),
        )
      }
      app.post('/begin/:which/ticket', async (request, reply) => {
        const { which } = request.params as { which: string }
        asked.push({ path: request.url, cookie: request.headers.cookie, body: request.body })
        const code = { over: 'TICKET_EXPIRED', gone: 'NOT_FOUND' }[which]
        if (code) return reply.code(which === 'over' ? 410 : 404).send({ code, message: 'over' })
        const made = await app.inject({ method: 'POST', url: '/ticket' })
        return reply.code(made.statusCode).type('application/json').send(made.body)
      })
    },
  ],
})
const phone = clientOf(url)

t.test('a function that begins elsewhere polls where it always does', async (t) => {
  for (const begin of ['/begin/it/ticket', 'begin/it/ticket']) {
    const token = await signIn({
      baseUrl: url,
      begin,
      onStatus: ({ status, ticket }) => {
        if (status === 'pending' && ticket) void phone.login(ticket, 'alice')
      },
    })
    t.match(token, /^eyJ/)
    t.equal(asked.pop()?.path, '/begin/it/ticket')
  }
})

t.test('the element takes the page’s cookie along, and follows the ticket', async (t) => {
  const browser = await openBrowser(t)
  const { page } = await openPage(t, browser)
  await page.goto(`${url}/page`)
  const { scene } = await until(page, 'pending')
  t.same(asked, [
    {
      path: '/begin/it/ticket?image=true',
      cookie: 'interaction=it',
      body: { channel: 'miniprogram' },
    },
  ])
  await phone.login({ scene: scene as string }, 'alice')
  await until(page, 'confirmed')

  await t.test('another path begins another ticket', async (t) => {
    await page.evaluate(() => {
      const element = document.querySelector('scene-pass')
      if (element) element.begin = ''
    })
    await until(page, 'pending', { not: scene })
    t.equal(asked.length, 1, 'at /ticket')
  })

  for (const [path, code] of [
    ['/over', 'TICKET_EXPIRED'],
    ['/gone', 'NOT_FOUND'],
  ]) {
    await t.test(`a beginning that is refused with ${code} is an error, once`, async (t) => {
      asked.length = 0
      await page.addInitScript(() => {
        const codes: unknown[] = []
        Object.assign(globalThis, { codes })
        document.addEventListener('status', (event) => {
          const { state, code } = (event as CustomEvent<{ state: string; code: string }>).detail
          codes.push([state, code])
        })
      })
      await page.goto(url + path)
      const { hint } = await until(page, 'error')
      t.match(hint, code)
      const told = await page.evaluate(() => (globalThis as unknown as { codes: unknown }).codes)
      t.same(told, [
        ['loading', null],
        ['error', code],
      ])
      t.equal(asked.length, 1)
    })
  }
})

t.test('where the phone offers three numbers, the element says so', async (t) => {
  const choosing = await startApp(t, { matchMode: 'choose' })
  const browser = await openBrowser(t)
  for (const [locale, label] of [
    ['zh-CN', '请在手机上点选'],
    ['en', 'Tap it on the phone'],
  ] as const) {
    const { page } = await openPage(t, browser, { locale })
    await page.goto(choosing.url)
    t.equal((await until(page, 'pending')).matchLabel, label)
  }
})
