import type { FastifyInstance } from 'fastify'
import { sql } from 'kysely'
import t, { type Test } from 'tap'
import { sandboxOfficialAccount } from '../../src/config/sandbox.ts'
import { FAULT } from '../../src/sandbox/official-account/push-client.ts'
import { chatTexts } from '../../src/sandbox/chat/texts.ts'
import { startApp } from '../fixtures/app.ts'
import { axeViolations } from '../fixtures/browser/axe.ts'
import { openBrowser, openPage } from '../fixtures/browser/browser.ts'
import { until } from '../fixtures/browser/element.ts'

/** The official account's door in the sandbox, in one window: scan, follow, chat, confirm page. */

// They wait for polls most of the time, and each has people of its own.
t.jobs = 3

const browser = await openBrowser(t)
const { url, db } = await startApp(t)

const words = {
  'zh-CN': {
    tab: '公众号',
    confirm: '确认登录',
    decline: '拒绝登录',
    again: '再登录一次',
    ...chatTexts.zh,
  },
  en: {
    tab: 'Official account',
    confirm: 'Confirm',
    decline: 'Decline',
    again: 'Sign in once more',
    ...chatTexts.en,
  },
} as const

/** The demo with the account's tab open, and what stands on the phone beside it. */
async function play(t: Test, locale: keyof typeof words, service = url) {
  const opened = await openPage(t, browser, { locale })
  const { page } = opened
  const text = words[locale]
  await page.goto(`${service}/`)
  const first = await until(page, 'pending')
  await page.getByRole('tab', { name: text.tab }).click()
  const { scene } = await until(page, 'pending', { not: first.scene })
  const phone = page.frameLocator('iframe')
  const tap = (name: string) => phone.getByRole('button', { name, exact: true }).click()
  const scan = () => page.locator('#scan').click()
  const link = () => phone.getByRole('link').last().click()
  return { ...opened, text, scene: scene as string, phone, tap, scan, link }
}

for (const [locale, user] of [
  ['zh-CN', 'alice'],
  ['en', 'carol'],
] as const) {
  t.test(
    `a stranger follows, confirms, declines, unfollows: ${locale}`,
    { buffered: true },
    async (t) => {
      const { page, phone, text, scan, tap, link, troubles, scene } = await play(t, locale)
      t.same(await axeViolations(page), [])
      await phone.getByText(text.noScan, { exact: true }).waitFor()
      await scan()
      await tap(user)
      await phone.getByText(text.stranger).waitFor()
      t.equal((await until(page, 'pending')).scene, scene, 'to scan is not to follow')
      t.same(await axeViolations(page), [])
      await tap(text.follow)
      await phone.getByText(/127\.0\.0\.1/).waitFor()
      await until(page, 'scanned')
      t.same(await axeViolations(page), [])
      await link()
      await tap(text.confirm)
      await until(page, 'confirmed')
      await page.locator('#claim-list').getByText(sandboxOfficialAccount.appid).waitFor()
      t.equal(await page.getByRole('tab').count(), 0, 'who has signed in is not asked how')
      const log = page.getByRole('log').last()
      await log.getByText('POST /login').waitFor()
      t.match((await log.locator('summary').allInnerTexts()).join('\n'), /POST \/sandbox\/oa\/scan/)
      for (const details of await log.locator('details').all()) {
        await details.evaluate((element) => ((element as HTMLDetailsElement).open = true))
      }
      t.notMatch(await log.innerText(), /#[\w-]+\.[\w-]{11}/, 'the proof’s beginning only')

      // The chat is still there; the next code adds to it, and a follower is not asked again.
      await page.locator('#back').click()
      await phone.locator('.bubble').waitFor()
      await page.getByRole('button', { name: text.again }).click()
      await until(page, 'pending', { not: scene })
      await scan()
      await tap(user)
      await phone.locator('.bubble').nth(1).waitFor()
      await link()
      await tap(text.decline)
      await until(page, 'denied')
      await page.locator('#back').click()
      await tap(text.unfollow)
      await phone.getByText(text.unfollowed).waitFor()
      t.equal(await phone.locator('.bubble').count(), 0)
      t.same(troubles, [])
    },
  )
}

t.test(
  'the phone speaks the page’s language, and is handed over',
  { buffered: true },
  async (t) => {
    const { page, phone, scan, tap } = await play(t, 'en')
    await page.getByRole('button', { name: '中文' }).first().click()
    await phone.getByText(chatTexts.zh.noScan, { exact: true }).waitFor()
    await scan()
    await phone.getByText(chatTexts.zh.who).waitFor()
    await tap('bob')
    await tap(chatTexts.zh.follow)
    await phone.locator('.bubble').waitFor()
    await tap(chatTexts.zh.handOver)
    await tap('mallory')
    await tap(chatTexts.zh.follow)
    await phone.locator('.bubble', { hasText: '已被他人扫描' }).waitFor()
  },
)

t.test(
  'a code whose time is over is told in the chat, and on the page',
  { buffered: true },
  async (t) => {
    const { page, phone, text, scan, tap, link, scene } = await play(t, 'en')
    await scan()
    await sql`update tickets set expires_at = now() where scene = ${scene}`.execute(db)
    await phone.getByRole('textbox').fill('dave')
    await tap(text.use)
    await tap(text.follow)
    await phone.locator('.bubble', { hasText: 'has expired' }).waitFor()

    const next = (await until(page, 'pending', { not: scene })).scene as string
    await scan()
    await phone.getByRole('textbox').fill('dave')
    await tap(text.use)
    await until(page, 'scanned')
    await link()
    // The chat has the address, too: only the page that decides has the button.
    await phone.getByRole('button', { name: text.confirm, exact: true }).waitFor()
    await sql`update tickets set expires_at = now() where scene = ${next}`.execute(db)
    await tap(text.confirm)
    await phone.locator('h1', { hasText: /expired/i }).waitFor()
  },
)

t.test(
  'where the service does not answer, WeChat’s own words stand in the chat',
  { buffered: true },
  async (t) => {
    t.equal(chatTexts.zh.fault, FAULT)
    const around = [
      async (app: FastifyInstance) => {
        app.addHook('onRequest', async (request, reply) => {
          if (request.url.startsWith('/wechat/events')) return reply.code(502).send('')
          return undefined
        })
      },
    ]
    const broken = await startApp(t, { around })
    const { phone, text, scan, tap } = await play(t, 'en', broken.url)
    await scan()
    await tap('alice')
    await tap(text.follow)
    await phone.getByText(FAULT).waitFor()
  },
)

t.test('alone, as a phone’s browser opens it', { buffered: true }, async (t) => {
  const { page, troubles } = await openPage(t, browser, {
    viewport: { width: 360, height: 740 },
    colorScheme: 'dark',
  })
  await page.goto(`${url}/sandbox/q/of-another-system-1234567`)
  t.same(await axeViolations(page), [])
  await page.getByRole('textbox').fill('erin')
  await page.getByRole('button', { name: chatTexts.en.use }).click()
  await page.getByRole('button', { name: chatTexts.en.follow }).click()
  await page.getByText(chatTexts.en.silent).or(page.locator('.bubble')).first().waitFor()
  t.ok(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth))
  await page.reload()
  t.equal(
    await page.locator('.note').first().innerText(),
    chatTexts.en.followed,
    'kept, not sent again',
  )
  t.same(troubles, [])
})
