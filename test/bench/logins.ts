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

  const loaded = (scene: string) => call('service', 'GET', `/ticket/${scene}/qrcode`)
  const poll = (scene: string, secret: string) =>
    call('service', 'GET', `/ticket/${scene}`, { secret })
  const parse = (body: Buffer) => JSON.parse(body.toString()) as Record<string, string>
  const loginCode = async (user: string) =>
    parse(await call('wechat', 'POST', '/sandbox/wx-login', { json: { user } }))['code'] ?? ''

  return {
    loginCode,
    image: ({ scene }: Ticket) => loaded(scene),
    scan: ({ scene }: Ticket, code: string) =>
      call('service', 'POST', `/ticket/${scene}/scan`, { json: { code } }),
    confirm: ({ scene }: Ticket, code: string) =>
      call('service', 'POST', '/login', { json: { scene, code } }),
    poll: ({ scene, secret }: Ticket) => poll(scene, secret),
    /** A new ticket and, unless it is left out, its code's image. */
    async code({ image = true } = {}): Promise<Ticket> {
      const { scene = '', secret = '' } = parse(await call('service', 'POST', '/ticket'))
      if (image) await loaded(scene)
      return { scene, secret }
    },
    /** The whole way: create, code, scan, confirm, deliver. */
    async login(user: string, options: { image?: boolean } = {}): Promise<void> {
      const ticket = await this.code(options)
      await this.scan(ticket, await loginCode(user))
      await this.confirm(ticket, await loginCode(user))
      const { token } = parse(await this.poll(ticket))
      if (!token) throw new Error('a login ended without a token')
    },
    close: () => Promise.all(Object.values(pools).map((pool) => pool.close())),
  }
}

export type Ticket = { scene: string; secret: string }
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

const STEPS = ['create', 'image', 'scan', 'confirm', 'deliver'] as const
export type Step = (typeof STEPS)[number]
/** Milliseconds of CPU time a call; of the database null where it cannot be told. */
export type StepCost = { service: number; database: number | null }

type Cpu = () => Promise<{ service: number; database: number | null }>

/** What each step of a login costs: the median of three rounds, after one that warms up. */
export async function measureSteps(caller: Caller, cpu: Cpu): Promise<Record<Step, StepCost>> {
  await measureRound(caller, cpu)
  const rounds: Record<Step, StepCost>[] = []
  for (let i = 0; i < 3; i++) rounds.push(await measureRound(caller, cpu))
  const costOf = (step: Step): StepCost => {
    const costs = rounds.map((round) => round[step])
    const databases = costs.map(({ database }) => database).filter((each) => each !== null)
    return {
      service: median(costs.map(({ service }) => service)),
      database: databases.length === 0 ? null : median(databases),
    }
  }
  return Object.fromEntries(STEPS.map((step) => [step, costOf(step)])) as Record<Step, StepCost>
}

/** Each step, a few at a time; the login codes are there before. */
async function measureRound(caller: Caller, cpu: Cpu): Promise<Record<Step, StepCost>> {
  const people = Array.from({ length: 400 }, (_, i) => `person-${i}`)
  const codes = new Map<string, string[]>()
  for (const user of people) {
    codes.set(user, [await caller.loginCode(user), await caller.loginCode(user)])
  }
  const tickets = new Map<string, Ticket>()
  const of = (user: string) => tickets.get(user) as Ticket
  const codeOf = (user: string) => codes.get(user)?.pop() ?? ''
  const steps: Record<Step, (user: string) => Promise<unknown>> = {
    create: async (user) => tickets.set(user, await caller.code({ image: false })),
    image: (user) => caller.image(of(user)),
    scan: (user) => caller.scan(of(user), codeOf(user)),
    confirm: (user) => caller.confirm(of(user), codeOf(user)),
    deliver: (user) => caller.poll(of(user)),
  }
  const costs: Partial<Record<Step, StepCost>> = {}
  for (const step of STEPS) {
    const before = await cpu()
    const queue = [...people]
    const lane = async () => {
      for (let user = queue.shift(); user; user = queue.shift()) await steps[step](user)
    }
    await Promise.all(Array.from({ length: 8 }, lane))
    const after = await cpu()
    const each = (us: number) => us / people.length / 1000
    costs[step] = {
      service: each(after.service - before.service),
      database:
        before.database === null || after.database === null
          ? null
          : each(after.database - before.database),
    }
  }
  return costs as Record<Step, StepCost>
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
