import { spawn } from 'node:child_process'
import { createServer, type IncomingMessage } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { writeFileSync } from 'node:fs'
import { buffer } from 'node:stream/consumers'
import t, { type Test } from 'tap'
import { sandboxOfficialAccount } from '../../src/config/sandbox.ts'
import { startApp } from '../fixtures/app.ts'
import { clientOf } from '../fixtures/network/client.ts'
import { temporaryFolder } from '../fixtures/network/child.ts'
import { freePort } from '../fixtures/postgres/postgres.ts'
import { eventXml, readReply, securePush } from '../fixtures/pushes.ts'
import { blockWith, guide } from '../fixtures/readme.ts'

/** The program of docs/official-account.md that stands before ScenePass and another program. */

const MARK = 'front.mjs'
const [en, zh] = [guide('official-account', 'en'), guide('official-account', 'zh-CN')]

type Taken = { method: string; search: string; body: string }

/** The program that the site has, which answers all in its own way. */
async function startOther(t: Test) {
  const taken: Taken[] = []
  const server = createServer(async (request: IncomingMessage, response) => {
    const { method = '', url = '' } = request
    const body = (await buffer(request)).toString()
    taken.push({ method, search: url.replace(/^[^?]*/, ''), body })
    response.setHeader('content-type', 'text/plain')
    response.end(method === 'GET' ? 'the echo' : 'of the other program')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => void (server.closeAllConnections(), server.close()))
  return { taken, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

async function startFront(t: Test, scenepass: string, other: string): Promise<string> {
  const port = await freePort()
  const script = blockWith(en, MARK)
    .replace('http://127.0.0.1:3000', scenepass)
    .replace('http://127.0.0.1:8000', other)
    .replace('8080', String(port))
  const file = join(temporaryFolder(t), 'front.mjs')
  writeFileSync(file, script)
  const child = spawn(process.execPath, [file], { stdio: 'inherit' })
  t.teardown(() => void child.kill())
  const url = `http://127.0.0.1:${port}`
  while (child.exitCode === null && !(await fetch(url).catch(() => null))) await sleep(10)
  return url
}

t.test('both languages have the same program, but for its comments', async (t) => {
  const code = (text: string) => blockWith(text, MARK).replace(/^ *(\/\/|\/\*\*).*$/gm, '')
  t.equal(code(zh), code(en))
})

t.test('a scan reaches ScenePass unchanged, and the rest the other program', async (t) => {
  const { url } = await startApp(t)
  const { create, poll } = clientOf(url)
  const other = await startOther(t)
  const front = await startFront(t, url, other.url)
  other.taken.length = 0

  const now = Math.floor(Date.now() / 1_000)
  async function push(fields: Record<string, string>) {
    const made = securePush(eventXml({ CreateTime: now, ...fields }), now, sandboxOfficialAccount)
    const search = `?${new URLSearchParams(made.query)}`
    const answer = await fetch(front + search, { method: 'POST', body: made.body })
    return { status: answer.status, text: await answer.text(), search, body: made.body }
  }

  const ticket = await create({ channel: 'official_account' })
  const scan = await push({ Event: 'SCAN', EventKey: ticket.scene })
  t.equal(scan.status, 200)
  t.match(readReply(scan.text, sandboxOfficialAccount), `/confirm#${ticket.scene}.`)
  t.equal((await poll(ticket)).body.status, 'scanned')
  t.same(other.taken, [], 'it is not for the other one')

  const click = await push({ Event: 'CLICK', EventKey: 'menu' })
  t.same([click.status, click.text], [200, 'of the other program'])
  t.same(other.taken, [{ method: 'POST', search: click.search, body: click.body }], 'unchanged')
  t.equal(await (await fetch(`${front}?echostr=x`)).text(), 'the echo')
})

t.test('where neither answers, WeChat hears that there is nothing to say', async (t) => {
  const front = await startFront(t, 'http://127.0.0.1:1', 'http://127.0.0.1:1')
  const answer = await fetch(front, { method: 'POST', body: '<xml></xml>' })
  t.same([answer.status, await answer.text()], [200, 'success'])
})
