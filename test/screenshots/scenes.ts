import type { BrowserContextOptions, Page, Route } from 'playwright-core'
import type { ScenePassState } from '../../src/web/widget.ts'
import { phones } from '../fixtures/browser/browser.ts'
import { until } from '../fixtures/browser/element.ts'
import {
  chatInDemo,
  confirmOnPhone,
  declineOnPhone,
  followLink,
  scanInDemo,
} from '../fixtures/browser/demo.ts'
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

async function confirmInDemo(page: Page): Promise<void> {
  await scanInDemo(page)
  await confirmOnPhone(page)
  await page.locator('#claims').waitFor()
}

async function confirmPageInDemo(page: Page): Promise<void> {
  await chatInDemo(page)
  await followLink(page)
}

const laptop = { viewport: { width: 1366, height: 657 } }
const narrow = { viewport: { width: 390, height: 844 } }

/** On a laptop's screen, on which all of it has room. */
const demo = (
  name: string,
  state: ScenePassState,
  play?: (page: Page) => Promise<void>,
): Scene => ({
  name,
  at: 'demo',
  frame: 'body',
  device: laptop,
  state,
  ...(play && { play: (page: Page) => until(page, 'pending').then(() => play(page)) }),
})

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
  demo('demo', 'scanned', scanInDemo),
  demo('demo-pending', 'pending'),
  demo('demo-who', 'pending', (page) => page.locator('#scan').click()),
  demo('demo-confirmed', 'confirmed', confirmInDemo),
  demo('demo-denied', 'denied', async (page) => {
    await scanInDemo(page)
    await declineOnPhone(page)
  }),
  demo('demo-chat', 'scanned', chatInDemo),
  demo('demo-link', 'scanned', confirmPageInDemo),
  {
    name: 'demo-narrow',
    at: 'demo',
    frame: 'body',
    device: narrow,
    play: scanInDemo,
    state: 'scanned',
  },
]
