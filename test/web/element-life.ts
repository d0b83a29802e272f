import { setTimeout as sleep } from 'node:timers/promises'
import { sql } from 'kysely'
import t from 'tap'
import type { Page, Request } from 'playwright-core'
import { startApp } from '../fixtures/app.ts'
import { goBackToLivePage, openBrowser, openPage, setHidden } from '../fixtures/browser/browser.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { listen, look, POLL_MS, until } from '../fixtures/browser/element.ts'
import { pageWithElement, startSite } from '../fixtures/browser/site.ts'
import { expire } from '../fixtures/tickets/time.ts'

/** What happens to the element while a page lives: tabs, networks, clocks and ways out. */

const browser = await openBrowser(t)
const site = await startSite(t)
const { url, db } = await startApp(t, { corsOrigins: [site.origin] })
const { scan, login } = clientOf(url)
site.pages.set('/', { html: pageWithElement(url) })
site.pages.set('/next', { html: '<!doctype html><title>Next</title>' })

type Scene = { scene: string | null }
const statusOf = async ({ scene }: Scene): Promise<string | undefined> => {
  const { rows } = await sql<{ status: string }>`
    select status from tickets where scene = ${scene}
  `.execute(db)
  return rows[0]?.status
}

/** What became of a pending ticket: the page that asked for it is gone, so the database is asked. */
async function ending(ticket: Scene): Promise<string | undefined> {
  for (;;) {
    const status = await statusOf(ticket)
    if (status !== 'pending') return status
    await sleep(20)
  }
}

/** The polls of a page: how many were sent, and how many were under way at a time. */
function watchPolls(page: Page) {
  const count = { sent: 0, underWay: 0, most: 0 }
  const isPoll = (request: Request) =>
    request.method() === 'GET' && /\/ticket\/[\w-]+$/.test(request.url())
  page.on('request', (request) => {
    if (!isPoll(request)) return
    count.sent += 1
    count.underWay += 1
    count.most = Math.max(count.most, count.underWay)
  })
  const end = (request: Request) => {
    if (isPoll(request)) count.underWay -= 1
  }
  page.on('requestfinished', end)
  page.on('requestfailed', end)
  return count
}

t.test('a hidden tab rests, and asks at once when it shows again', async (t) => {
  const { page } = await openPage(t, browser)
  await page.clock.install()
  const polls = watchPolls(page)
  await page.goto(`${site.origin}/`)
  const { scene } = await until(page, 'pending')
  await page.clock.runFor(POLL_MS)
  while (polls.sent === 0) await page.clock.runFor(100)
  await setHidden(page, true)
  // One may have been under way.
  while (polls.underWay > 0) await page.clock.runFor(1)
  const { sent } = polls
  await page.clock.runFor(60_000)
  t.equal(polls.sent, sent, 'a minute without a poll')
  await login({ scene: scene as string }, 'alice')
  const asked = page.waitForRequest((request) => request.url().endsWith(scene as string))
  await setHidden(page, false)
  await asked
  await until(page, 'confirmed')
  t.equal(polls.sent, sent + 1)
})

t.test('the countdown goes by the deadline, not by its ticks', async (t) => {
  const { page } = await openPage(t, browser)
  await page.clock.install()
  await page.route(`${url}/ticket/*`, (route) => route.abort())
  await page.goto(`${site.origin}/`)
  await until(page, 'pending')
  // Like a computer that slept: every timer fires once, late.
  await page.clock.fastForward(45_000)
  const { time } = await look(page)
  t.match(time, /^1:1[3-5] left$/)
})

t.test('an expired code renews itself three times, then waits for a click', async (t) => {
  const { page } = await openPage(t, browser)
  await page.clock.install()
  await page.goto(`${site.origin}/`)
  let { scene } = await until(page, 'pending')
  const scenes = new Set([scene])
  for (let renewal = 1; renewal <= 3; renewal++) {
    await expire(db, { scene: scene as string })
    await page.clock.runFor(POLL_MS)
    ;({ scene } = await until(page, 'pending', { not: scene }))
    scenes.add(scene)
  }
  t.equal(scenes.size, 4)
  await expire(db, { scene: scene as string })
  await page.clock.runFor(POLL_MS)
  const { button } = await until(page, 'expired')
  t.ok(button)
  await page.clock.runFor(300_000)
  t.match(await look(page), { state: 'expired', scene }, 'it waits')
  await page.getByRole('button').click()
  await until(page, 'pending', { not: scene })
})

t.test('a tab in the background renews nothing until it shows', async (t) => {
  const { page } = await openPage(t, browser)
  await page.clock.install()
  await page.goto(`${site.origin}/`)
  const { scene } = await until(page, 'pending')
  await setHidden(page, true)
  await expire(db, { scene: scene as string })
  const creations: string[] = []
  page.on('request', (request) => {
    if (request.method() === 'POST') creations.push(request.url())
  })
  await page.clock.runFor(600_000)
  t.same(creations, [])
  await setHidden(page, false)
  await until(page, 'pending', { not: scene })
  t.same(creations, [`${url}/ticket?image=true`])
})

t.test('a slow network: one poll at a time, and no alarm', async (t) => {
  const { page } = await openPage(t, browser)
  await page.clock.install()
  const polls = watchPolls(page)
  let release = () => {}
  const held = new Promise<void>((resolve) => (release = resolve))
  await page.route(`${url}/ticket/*`, async (route) => {
    await held
    await route.continue()
  })
  await page.goto(`${site.origin}/`)
  const { scene } = await until(page, 'pending')
  // A silence of four seconds is told; a second poll would come after two and a half.
  while (polls.sent === 0) await page.clock.runFor(100)
  await page.clock.runFor(2_500)
  t.match(await look(page), { state: 'pending', scene })
  t.equal(polls.sent, 1)
  await login({ scene: scene as string }, 'alice')
  release()
  await until(page, 'confirmed')
  t.equal(polls.most, 1)
})

t.test('two tabs at once sign in each for itself', async (t) => {
  const { page: first, context } = await openPage(t, browser)
  const second = await context.newPage()
  await Promise.all([first.goto(`${site.origin}/`), second.goto(`${site.origin}/`)])
  const [one, two] = await Promise.all([until(first, 'pending'), until(second, 'pending')])
  t.not(one.scene, two.scene)
  const tokens = [await listen(first), await listen(second)] as const
  await scan({ scene: two.scene as string }, 'bob')
  await until(second, 'scanned')
  await login({ scene: one.scene as string }, 'alice')
  await until(first, 'confirmed')
  t.equal((await look(second)).state, 'scanned')
  t.equal((await tokens[0]()).length, 1)
  t.same(await tokens[1](), [])
})

t.test('a visitor who leaves cancels the ticket, and comes back to a new one', async (t) => {
  const { page } = await openPage(t, browser)
  await page.goto(`${site.origin}/`)
  await page.evaluate(() => {
    addEventListener('pageshow', ({ persisted }) => Object.assign(globalThis, { persisted }))
  })
  const before = await until(page, 'pending')
  await page.goto(`${site.origin}/next`)
  t.equal(await ending(before), 'canceled')
  const alive = await goBackToLivePage(page)
  await until(page, 'pending', { not: before.scene })
  const persisted = await page.evaluate(
    () => (globalThis as unknown as { persisted?: boolean }).persisted,
  )
  t.equal(persisted, alive ? true : undefined)
})

t.test('closing the tab, or the dialog with the element in it, cancels the ticket', async (t) => {
  const { page, context } = await openPage(t, browser)
  await page.goto(`${site.origin}/`)
  const first = await until(page, 'pending')
  const element = await page.$('scene-pass')
  await element?.evaluate((element) => element.remove())
  t.equal(await ending(first), 'canceled')
  await element?.evaluate((element) => document.body.append(element))
  const second = await until(page, 'pending', { not: first.scene })
  // A context without pages ends, and would take the last words of this one with it.
  await context.newPage()
  await page.close({ runBeforeUnload: true })
  t.equal(await ending(second), 'canceled')
})
