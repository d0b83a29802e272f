import pg from 'pg'
import { Pool } from 'undici'
import { median } from './polls.ts'

const AT_ONCE = 32

/**
 * Calls of a browser and a phone over kept connections. Anything but success is an error.
 *
 * @param localAddress whose calls they are; Linux has all of 127/8
 */
export function createCaller(service: string, wechat: string, localAddress?: string) {
  const pools = { service: poolOf(service, localAddress), wechat: poolOf(wechat) }

  async function call(
    to: keyof typeof pools,
    method: 'GET' | 'POST',
    path: string,
    options: { json?: object; secret?: string } = {},
  ): Promise<Buffer> {
    const { json, secret } = options
    const answer = await pools[to].request({
      method,
      path,
      headers: {
        ...(json ? { 'content-type': 'application/json' } : {}),
        ...(secret ? { authorization: `Bearer ${secret}` } : {}),
      },
      ...(json ? { body: JSON.stringify(json) } : {}),
    })
    const body = Buffer.from(await answer.body.arrayBuffer())
    if (answer.statusCode >= 300) throw new Error(`${method} ${path}: ${answer.statusCode} ${body}`)
    return body
  }

  const parse = (body: Buffer) => JSON.parse(body.toString()) as Record<string, string>
  const loginCode = async (user: string) =>
    parse(await call('wechat', 'POST', '/sandbox/wx-login', { json: { user } }))['code']

  return {
    /** A new ticket and, unless it is left out, its code's image. */
    async code({ image = true } = {}): Promise<{ scene: string; secret: string }> {
      const { scene = '', secret = '' } = parse(await call('service', 'POST', '/ticket'))
      if (image) await call('service', 'GET', `/ticket/${scene}/qrcode`)
      return { scene, secret }
    },
    /** The whole way: create, code, scan, confirm, deliver. */
    async login(user: string, options: { image?: boolean } = {}): Promise<void> {
      const { scene, secret } = await this.code(options)
      const scan = { json: { code: await loginCode(user) } }
      await call('service', 'POST', `/ticket/${scene}/scan`, scan)
      await call('service', 'POST', '/login', { json: { scene, code: await loginCode(user) } })
      const { token } = parse(await call('service', 'GET', `/ticket/${scene}`, { secret }))
      if (!token) throw new Error('a login ended without a token')
    },
    close: () => Promise.all(Object.values(pools).map((pool) => pool.close())),
  }
}

export type Caller = ReturnType<typeof createCaller>

const poolOf = (url: string, localAddress?: string) =>
  new Pool(url, {
    connections: AT_ONCE,
    pipelining: 1,
    ...(localAddress && { localAddress }),
  })

/** Logins a second, `AT_ONCE` under way at any time; every eighth person is a new one. */
export async function measureLogins(caller: Caller, seconds: number): Promise<number> {
  let begun = 0
  return perSecond(seconds, () => {
    begun++
    return caller.login(begun % 8 === 0 ? `new-${begun}` : `person-${begun % 500}`)
  })
}

/** What the same database commits a second, one row each, as pgbench would count it. */
export async function measureCommits(url: string, seconds: number): Promise<number> {
  const clients = Array.from({ length: 10 }, () => new pg.Client(url))
  for (const client of clients) await client.connect()
  await clients[0]?.query('create table if not exists bench_commits (id bigserial, at timestamptz)')
  const rate = await perSecond(
    seconds,
    (nth) => clients[nth]?.query('insert into bench_commits (at) values (now())'),
    clients.length,
  )
  await clients[0]?.query('drop table bench_commits')
  for (const client of clients) await client.end()
  return rate
}

/** Milliseconds from asking for a ticket to having its code's image, one after the other. */
export async function measureCodes(
  caller: Caller,
  samples: number,
): Promise<{ median: number; worst: number }> {
  const times: number[] = []
  for (let i = 0; i < samples; i++) {
    const began = performance.now()
    await caller.code()
    times.push(performance.now() - began)
  }
  return { median: median(times), worst: Math.max(...times) }
}

async function perSecond(
  seconds: number,
  work: (nth: number) => Promise<unknown> | undefined,
  lanes = AT_ONCE,
): Promise<number> {
  const began = performance.now()
  const end = began + seconds * 1000
  let done = 0
  const lane = async (nth: number) => {
    while (performance.now() < end) {
      await work(nth)
      done++
    }
  }
  await Promise.all(Array.from({ length: lanes }, (_, nth) => lane(nth)))
  return done / ((performance.now() - began) / 1000)
}
