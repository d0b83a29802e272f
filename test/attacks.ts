import { fork } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { Client } from 'pg'
import t, { type Test } from 'tap'
import { Agent, request as send } from 'undici'
import { startApp } from './fixtures/app.ts'
import { call, clientOf, type Json } from './fixtures/network/client.ts'
import { root } from './fixtures/root.ts'

/** One address does its worst; the logins of others end well. */

// The floods share two cores with other test files.
t.setTimeout(240_000)

const RATES = { create: 60, phone: 60 }
const attacker = fileURLToPath(new URL('dist/test/fixtures/network/attacker.js', root))

type Attack = { connections: number; pipelined: number; request: string }

/** Runs the attack until the work is done; the attacker's answers, by status. */
async function during<T>(
  t: Test,
  url: string,
  { connections, pipelined, request }: Attack,
  work: () => Promise<T>,
): Promise<{ done: T; statuses: Record<string, number> }> {
  const { port } = new URL(url)
  const args = [port, '127.0.0.66', String(connections), String(pipelined), JSON.stringify(request)]
  const child = fork(attacker, args)
  t.teardown(() => child.kill('SIGKILL'))
  await once(child, 'message')
  const done = await work()
  const [statuses] = (await once(child, 'message')) as [Record<string, number>]
  child.kill('SIGKILL')
  await once(child, 'exit')
  return { done, statuses }
}

/** Whole logins, each from an address of its own; how each ended. */
async function logins(url: string, count: number): Promise<string[]> {
  const one = async (i: number): Promise<string> => {
    const agent = new Agent({ localAddress: `127.0.1.${i + 1}` })
    const ask = async (method: 'GET' | 'POST', path: string, body?: object, secret?: string) => {
      const answer = await send(url + path, {
        dispatcher: agent,
        method,
        headers: {
          ...(body && { 'content-type': 'application/json' }),
          ...(secret && { authorization: `Bearer ${secret}` }),
        },
        body: body ? JSON.stringify(body) : null,
        signal: AbortSignal.timeout(30_000),
      })
      return { status: answer.statusCode, body: (await answer.body.json()) as Json }
    }
    try {
      const { body: ticket, status } = await ask('POST', '/ticket')
      if (status !== 201) return `create ${status}`
      const { scene, secret } = ticket
      const waits = await ask('GET', `/ticket/${scene}`, undefined, secret)
      if (waits.status !== 200) return `poll ${waits.status}`
      for (const [path, more] of [
        [`/ticket/${scene}/scan`, {}],
        ['/login', { scene }],
      ] as const) {
        const { body } = await ask('POST', '/sandbox/wx-login', { user: `user-${i}` })
        const phone = await ask('POST', path, { code: body.code, ...more })
        if (phone.status !== 200) return `${path} ${phone.status} ${phone.body.code}`
      }
      const { body: end } = await ask('GET', `/ticket/${scene}`, undefined, secret)
      return end.token ? 'token' : `end ${end.status}`
    } catch (error) {
      return String(error)
    } finally {
      await agent.close()
    }
  }
  const ends: string[] = []
  for (let i = 0; i < count; i += 4) {
    const few = Array.from({ length: Math.min(4, count - i) }, (_, j) => one(i + j))
    ends.push(...(await Promise.all(few)))
  }
  return ends
}

const post = (path: string, body = '') =>
  `POST ${path} HTTP/1.1\r\nHost: x\r\n${body && 'Content-Type: application/json\r\n'}Content-Length: ${body.length}\r\n\r\n${body}`
const wrongSecret = (scene: string) =>
  `GET /ticket/${scene} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer wrong\r\n\r\n`

const linux = process.platform === 'linux'
const skip = linux ? false : 'only Linux has all of 127/8 on loopback'

t.test(
  'threat 20: while one address does its worst, 20 of 20 logins of others end well',
  { skip },
  async (t) => {
    const { url } = await startApp(t, { rates: RATES })
    const { scene } = await clientOf(url).create()
    await call(`${url}/ticket/${scene}/qrcode`)
    const junk = (code: string) => JSON.stringify({ code, scene })
    const attacks: Record<string, Attack & { logins: number }> = {
      'creation over the limit': {
        connections: 300,
        pipelined: 1,
        request: post('/ticket'),
        logins: 20,
      },
      'pipelined creation': { connections: 12, pipelined: 60, request: post('/ticket'), logins: 4 },
      'junk login codes': {
        connections: 60,
        pipelined: 4,
        request: post('/login', junk('x1')),
        logins: 4,
      },
      'wrong secrets': { connections: 60, pipelined: 6, request: wrongSecret(scene), logins: 4 },
      images: {
        connections: 30,
        pipelined: 6,
        request: `GET /ticket/${scene}/qrcode HTTP/1.1\r\nHost: x\r\n\r\n`,
        logins: 4,
      },
    }
    for (const [name, attack] of Object.entries(attacks)) {
      const { done, statuses } = await during(t, url, attack, () => logins(url, attack.logins))
      t.comment(`${name}: ${JSON.stringify(statuses)}`)
      t.strictSame(done, Array(attack.logins).fill('token'), name)
    }
  },
)

t.test('threat 20: what is over the limit is refused from memory', async (t) => {
  const { url } = await startApp(t, { rates: RATES })
  const { scene } = await clientOf(url).create()
  const queries = t.capture(Client.prototype, 'query', Client.prototype.query)
  let invented = 0
  const another = () => `invented_by_a_stranger_${invented++}`
  const poll = (scene: string, secret: string) =>
    call(`${url}/ticket/${scene}`, { headers: { authorization: `Bearer ${secret}` } })
  const login = (json: object) => call(`${url}/login`, { json })
  const ways: Record<string, () => Promise<{ status: number }>> = {
    creation: () => call(`${url}/ticket`, { method: 'POST' }),
    'a wrong secret': () => poll(scene, 'wrong'),
    'wrong secrets': () => poll(scene, another()),
    'polls of unknown scenes': () => poll(another(), 'wrong'),
    images: () => call(`${url}/ticket/${scene}/qrcode`),
    'images of unknown scenes': () => call(`${url}/ticket/${another()}/qrcode`),
    'a junk login code': () => login({ code: 'x1', scene }),
    'junk login codes': () => login({ code: another(), scene }),
    'junk login codes for unknown scenes': () => login({ code: 'x1', scene: another() }),
    'junk login codes without a scene': () => login({ code: another() }),
  }
  for (const [name, way] of Object.entries(ways)) {
    for (let i = 0; i < 15; i++) await Promise.all(Array.from({ length: 10 }, way))
    for (const together of [10, 1]) {
      queries()
      let refused = 0
      for (let i = 0; i < 500; i += together) {
        const answers = await Promise.all(Array.from({ length: together }, way))
        refused += answers.filter(({ status }) => status === 429).length
      }
      const cost = queries().length
      t.ok(refused > 450, `${name}, ${together} at a time: ${refused} of 500 were refused`)
      t.ok(cost < 50, `${name}, ${together} at a time: ${cost} statements`)
    }
  }
})
