import t from 'tap'
import { between, codeOf, startService } from '../fixtures/browser/sign-in.ts'

/** `signIn` with the option `image`: the code comes with its ticket, or after it. */

const { open, statusOf } = await startService(t)
const IMAGE = /^data:image\/png;base64,\w/

/** A ticket's answer without its code, as where WeChat was slow. */
const plain = { status: 201, headers: { 'content-type': 'application/json' } }
const without = async (create: () => Promise<unknown>) => ({
  ...plain,
  body: JSON.stringify(await create()),
})
const json = (status: number, body: object) => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify(body),
})

t.test('it comes with the ticket, in one call', async (t) => {
  const { begin, ticket, proxy } = await open(t)
  begin({ image: true })
  t.match((await ticket()).image, IMAGE)
  t.same(
    proxy.seen.map(({ path }) => path),
    ['/ticket?image=true'],
  )
})

t.test('where it did not, it is asked for as long as that takes', async (t) => {
  const { time, begin, ticket, proxy, told } = await open(t)
  const created = await fetch(`${proxy.url}/ticket`, { method: 'POST' })
  proxy.seen.length = 0
  proxy.plan('POST', await without(() => created.json()))
  proxy.plan('GET', 'lost', json(503, { code: 'WECHAT_BUSY' }), json(200, { portal: 'welcome' }))
  begin({ image: true })
  for (const least of [1, 2, 4]) between(t, await time.sleep(), least * 1_000)
  t.match((await ticket()).image, IMAGE)
  t.same(
    told.map(({ status }) => status),
    ['loading', 'busy', 'offline', 'pending'],
  )
  t.match(proxy.seen[1]?.path, /qrcode$/)
})

t.test('a ticket that has ended meanwhile needs none; the poll says how', async (t) => {
  const { begin, ticket, proxy } = await open(t)
  const created = await fetch(`${proxy.url}/ticket`, { method: 'POST' })
  proxy.plan('POST', await without(() => created.json()))
  proxy.plan('GET', json(410, { code: 'TICKET_EXPIRED' }))
  begin({ image: true })
  t.equal((await ticket()).image, null)
})

t.test('what will not get better is told at once, and the ticket canceled', async (t) => {
  const { begin, proxy, requests } = await open(t)
  const created = await fetch(`${proxy.url}/ticket`, { method: 'POST' })
  const body = (await created.json()) as { scene: string }
  proxy.plan('POST', await without(async () => body))
  proxy.plan('GET', json(502, { code: 'WECHAT_MISCONFIGURED' }))
  t.equal(await codeOf(begin({ image: true })), 'WECHAT_MISCONFIGURED')
  while ((await statusOf(body)) !== 'canceled')
    await new Promise((resolve) => setImmediate(resolve))
  t.equal(requests('DELETE').length, 1)
})
