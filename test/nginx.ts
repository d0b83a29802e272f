import { readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import Fastify from 'fastify'
import t from 'tap'
import { Agent, request } from 'undici'
import { SANDBOX_APPID, SANDBOX_SECRET, sandboxAccount } from '../src/config/sandbox.ts'
import { sandbox as simulatedWechat } from '../src/sandbox/plugin.ts'
import { startChild, type Child } from './fixtures/network/child.ts'
import { call, type Json } from './fixtures/network/client.ts'
import { postgresUrl, quietLog, type Teardown } from './fixtures/postgres/database.ts'
import { findNginx, startNginx } from './fixtures/network/nginx.ts'
import { freePort } from './fixtures/postgres/postgres.ts'
import { blockWith } from './fixtures/readme.ts'
import { root } from './fixtures/root.ts'

/** Not nginx's own address, and yet on this machine. */
const BROWSER = '127.0.0.2'
const VISITORS = 12

const [en, zh] = ['docs/operate.md', 'docs/operate.zh-CN.md'].map((name) =>
  blockWith(readFileSync(new URL(name, root), 'utf8'), 'upstream scenepass {'),
) as [string, string]

const program = findNginx()

function reasonToSkip(): string | false {
  // Only there is every address of 127.0.0.0/8 one's own.
  if (process.platform !== 'linux') return 'NOT TESTED: this needs Linux'
  if (program !== null || process.env['SCENEPASS_NGINX'] === 'required') return false
  return 'NOT TESTED: there is no nginx on this machine (apt-get install nginx-light)'
}

t.test('both languages of the guide have the configuration of deploy/', async (t) => {
  const withoutComments = (block: string) => block.replace(/ *#.*$/gm, '')
  t.equal(withoutComments(zh), withoutComments(en))
  t.equal(en, readFileSync(new URL('deploy/nginx.conf', root), 'utf8'))
})

async function startWechat(t: Teardown): Promise<string> {
  const app = Fastify()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  await app.register(simulatedWechat, { ...sandboxAccount, publicUrl: url, log: quietLog })
  t.teardown(() => app.close())
  await app.listen({ host: '127.0.0.1', port })
  return url
}

/** An instance that can be started again where it was. */
async function startInstance(t: Teardown, settings: Record<string, string>) {
  const [port, ops] = [await freePort(), await freePort()]
  const env = { ...settings, PORT: String(port), OPS_PORT: String(ops) }
  const start = async (): Promise<Child> => {
    const child = startChild(t, 'src/server.ts', { env })
    await child.wrote('stdout', /ScenePass is ready/)
    return child
  }
  const instance = {
    port,
    child: await start(),
    again: async () => void (instance.child = await start()),
    /** How many requests of the interface it has answered. */
    answered: async (): Promise<number> => {
      const { body } = await call(`http://127.0.0.1:${ops}/metrics`)
      const counts = String(body).matchAll(
        /^scenepass_http_requests_total\{route="\/(?:ticket|login).* (\d+)$/gm,
      )
      return [...counts].reduce((sum, [, count]) => sum + Number(count), 0)
    },
  }
  return instance
}

t.test('two instances behind the nginx of the guide', { skip: reasonToSkip() }, async (t) => {
  if (program === null) throw new Error('SCENEPASS_NGINX=required, and there is none')
  const wechat = await startWechat(t)
  const settings = {
    WECHAT_APPID: SANDBOX_APPID,
    WECHAT_SECRET: SANDBOX_SECRET,
    WECHAT_API_BASE: `${wechat}/sandbox/wechat`,
    DATABASE_URL: await postgresUrl(t),
    MIGRATE: 'off',
    CODE_STOCK: '0',
    TRUST_PROXY: 'loopback',
    RATE_CREATE: '1000000',
    RATE_PHONE: '1000000',
  }
  const [a, b] = await Promise.all([startInstance(t, settings), startInstance(t, settings)])
  const nginx = await startNginx(t, { program, block: en, instances: [a.port, b.port] })
  const dispatcher = new Agent({ localAddress: BROWSER })
  t.teardown(() => dispatcher.destroy())

  type Ask = { method?: 'GET' | 'POST'; headers?: Record<string, string>; json?: object }
  async function ask(path: string, { method, headers, json }: Ask = {}) {
    const answer = await request(nginx.url + path, {
      dispatcher,
      method: method ?? (json ? 'POST' : 'GET'),
      headers: { ...headers, ...(json ? { 'content-type': 'application/json' } : {}) },
      body: json ? JSON.stringify(json) : null,
    })
    const bytes = Buffer.from(await answer.body.arrayBuffer())
    const isJson = String(answer.headers['content-type']).startsWith('application/json')
    return { status: answer.statusCode, body: (isJson ? JSON.parse(String(bytes)) : bytes) as Json }
  }

  /** What went wrong, and how often. */
  const met = new Map<string, number>()
  const codeOf = async (user: string): Promise<string> =>
    (await call(`${wechat}/sandbox/wx-login`, { json: { user } })).body.code as string

  /** One sign-in by a client that follows the contract: what fails from 500 up is tried again. */
  async function signIn(user: string): Promise<void> {
    const insist = async (what: string, path: string, how: () => Promise<Ask>): Promise<Json> => {
      for (;;) {
        const { status, body } = await ask(path, await how())
        if (status < 300) return body
        const error = `${what}: ${status} ${body.code ?? ''}`
        met.set(error, (met.get(error) ?? 0) + 1)
        if (status < 500) throw new Error(error)
      }
    }
    const ticket = await insist('create', '/ticket', async () => ({ json: {} }))
    const { scene } = ticket
    const headers = { authorization: `Bearer ${ticket.secret}` }
    const poll = () => insist('poll', `/ticket/${scene}`, async () => ({ headers }))
    const phone = async () => ({ json: { scene, code: await codeOf(user) } })
    for (let i = 0; i < 4; i++) {
      await sleep(Math.random() * 10)
      if ((await poll()).status !== 'pending') throw new Error('not pending')
    }
    const onlyCode = async () => ({ json: { code: await codeOf(user) } })
    await insist('scan', `/ticket/${scene}/scan`, onlyCode)
    if ((await poll()).status !== 'scanned') throw new Error('not scanned')
    await insist('login', '/login', phone)
    if (!(await poll()).token) throw new Error('no token')
  }

  /** Signs people in, several at a time, while something happens to the instances. */
  async function during(event: () => Promise<unknown>): Promise<number> {
    let over = false
    let done = 0
    const visitor = async (n: number) => {
      while (!over) {
        await signIn(`visitor-${n}`)
        done++
      }
    }
    const visitors = Promise.all(Array.from({ length: VISITORS }, (_, n) => visitor(n)))
    try {
      const reached = async (count: number) => {
        while (done < count) await Promise.race([sleep(5), visitors])
      }
      await reached(VISITORS)
      await event()
      await reached(done + 2 * VISITORS)
    } finally {
      over = true
    }
    await visitors
    return done
  }

  await t.test('the requests of a login alternate between the instances', async (t) => {
    await signIn('alice')
    t.same([await a.answered(), await b.answered()], [5, 4])
  })

  await t.test('connections to the instances are kept', async (t) => {
    const before = await nginx.connections()
    for (let i = 0; i < 5; i++) await signIn('alice')
    // One of them is this question's own.
    t.ok((await nginx.connections()) - before <= 3)
  })

  await t.test('the phone sees where the browser is, whatever that claims', async (t) => {
    const headers = { 'x-forwarded-for': '203.0.113.9', 'x-real-ip': '203.0.113.9' }
    const { body: ticket } = await ask('/ticket', { json: {}, headers })
    const json = { code: await codeOf('alice') }
    const { body } = await ask(`/ticket/${ticket.scene}/scan`, { json })
    t.equal(body.requested_by.ip, BROWSER)
  })

  await t.test('told to stop, an instance goes without anybody noticing', async (t) => {
    const done = await during(async () => {
      a.child.process.kill('SIGTERM')
      t.equal(await a.child.ended, 0)
    })
    t.comment(`${done} logins`)
    t.same(Object.fromEntries(met), {})

    await a.again()
    while ((await a.answered()) === 0) await signIn('alice')
  })

  await t.test('killed, it takes no poll with it', async (t) => {
    const done = await during(async () => {
      b.child.process.kill('SIGKILL')
      await b.child.ended
    })
    t.comment(`${done} logins`, Object.fromEntries(met))
    t.same(
      [...met.keys()].filter((error) => !/^(create|scan|login): 502 $/.test(error)),
      [],
    )
  })

  t.notMatch(nginx.accessLog(), '/ticket', 'no scene is in the access log')
  if (!t.passing()) t.comment(nginx.errorLog())
})
