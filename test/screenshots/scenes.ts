import type { BrowserContextOptions, Page, Route } from 'playwright-core'
import type { ScenePassState } from '../../src/web/widget.ts'
import { phones } from '../fixtures/browser/browser.ts'
import { until } from '../fixtures/browser/element.ts'
import type { Stage } from './stage.ts'

export type Scene = {
  name: string
  /** Which page it plays on; by default a website of its own. */
  at?: 'hosted' | 'demo'
  /** What is in the picture, a selector: by default the element alone. */
  frame?: string
  /** Screen and browser, where they are not a computer's. */
  device?: BrowserContextOptions
  /** Before the page opens: what shall go wrong. */
  before?: (page: Page) => Promise<unknown>
  /** What happens on the page, and on the phone. */
  play?: (page: Page, stage: Stage) => Promise<void>
  /** What the element shows in the end. */
  state: ScenePassState
}

const answer =
  (status: number, body: object, headers: Record<string, string> = {}) =>
  (route: Route): Promise<void> =>
    route.fulfill({ status, headers, json: body })

const TICKETS = '**/ticket?*'

/** One tap on the drawn phone; its words are in one of two languages. */
const tapPhone = (page: Page, name: RegExp): Promise<void> =>
  page.frameLocator('iframe').getByRole('button', { name }).click()

async function scanInDemo(page: Page): Promise<void> {
  await page.locator('#scan').click()
  await tapPhone(page, /alice/)
  await until(page, 'scanned')
  await page
    .frameLocator('iframe')
    .getByRole('button', { name: /^(Confirm|确认登录)$/ })
    .waitFor()
}

async function confirmInDemo(page: Page): Promise<void> {
  await scanInDemo(page)
  await tapPhone(page, /^(Confirm|确认登录)$/)
  await page.locator('#claims').waitFor()
}

/** By the tab of the other door, as far as a follower's chat. */
async function chatInDemo(page: Page): Promise<void> {
  const { scene } = await until(page, 'pending')
  await page.locator('#tab-official_account').click()
  await until(page, 'pending', { not: scene })
  await page.locator('#scan').click()
  await tapPhone(page, /alice/)
  const follow = page.frameLocator('iframe').getByRole('button', { name: /^(Follow|关注公众号)$/ })
  const bubble = page.frameLocator('iframe').locator('.bubble')
  await follow.or(bubble.first()).waitFor()
  if (await follow.isVisible()) await follow.click()
  await bubble.first().waitFor()
  await until(page, 'scanned')
}

async function confirmPageInDemo(page: Page): Promise<void> {
  await chatInDemo(page)
  await page.frameLocator('iframe').getByRole('link').last().click()
  await page.frameLocator('iframe').locator('.decision').waitFor()
}

const narrow = { viewport: { width: 390, height: 844 } }

/** Every state a person can see, and the pages around it. */
export const scenes: Scene[] = [
  {
    name: 'loading',
    before: (page) => page.route(TICKETS, () => {}),
    state: 'loading',
  },
  { name: 'pending', state: 'pending' },
  { name: 'scanned', play: (page, stage) => stage.scan(page), state: 'scanned' },
  { name: 'confirmed', play: (page, stage) => stage.login(page), state: 'confirmed' },
  { name: 'denied', play: (page, stage) => stage.deny(page), state: 'denied' },
  {
    name: 'expired',
    play: (page, stage) => stage.expire(page),
    state: 'expired',
  },
  {
    name: 'offline',
    before: (page) => page.route(TICKETS, (route) => route.abort('internetdisconnected')),
    state: 'offline',
  },
  {
    name: 'busy',
    before: (page) =>
      page.route(TICKETS, answer(503, { code: 'WECHAT_BUSY' }, { 'retry-after': '30' })),
    state: 'busy',
  },
  {
    name: 'error',
    before: (page) =>
      page.route(
        TICKETS,
        answer(502, { code: 'WECHAT_MISCONFIGURED', request_id: '4f1d0c9a7b2e' }),
      ),
    state: 'error',
  },
  { name: 'link', device: phones.safari, state: 'link' },
  {
    name: 'computer',
    device: phones.chrome,
    before: (page) => page.route('**/link', answer(410, { code: 'TICKET_EXPIRED' })),
    state: 'computer',
  },
  { name: 'press', device: phones.wechat, state: 'pending' },
  { name: 'page', at: 'hosted', frame: 'body', state: 'pending' },
  {
    name: 'page-confirmed',
    at: 'hosted',
    frame: 'body',
    play: (page, stage) => stage.login(page),
    state: 'confirmed',
  },
  { name: 'page-phone', at: 'hosted', frame: 'body', device: phones.safari, state: 'link' },
  { name: 'demo', at: 'demo', frame: 'body', play: scanInDemo, state: 'scanned' },
  { name: 'demo-confirmed', at: 'demo', frame: 'body', play: confirmInDemo, state: 'confirmed' },
  { name: 'demo-chat', at: 'demo', frame: 'body', play: chatInDemo, state: 'scanned' },
  { name: 'demo-link', at: 'demo', frame: 'body', play: confirmPageInDemo, state: 'scanned' },
  {
    name: 'demo-narrow',
    at: 'demo',
    frame: 'body',
    device: narrow,
    play: scanInDemo,
    state: 'scanned',
  },
]
