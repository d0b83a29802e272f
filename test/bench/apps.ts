import pg from 'pg'
import { Pool } from 'undici'
import { freePort } from '../fixtures/postgres/postgres.ts'
import { createCaller, type Caller, type StepCost } from './logins.ts'
import { startInstance } from './processes.ts'

/** What other apps cost: each call of theirs, a few at a time. */

const STEPS = ['authorize', 'token', 'userinfo', 'refresh', 'device', 'poll'] as const
export type AppStep = (typeof STEPS)[number]

const COUNT = 400
const LANES = 8
const CLIENT = 'bench'
const REDIRECT = 'https://app.example.com/callback'
const SECRET = 'a-secret-of-the-bench'
const DEVICE_GRANT = 'urn:ietf:params:oauth:grant-type:device_code'

/** What an app and its browser know of one sign-in. */
type SignIn = {
  cookie: string
  page: string
  code: string
  access: string
  refresh: string
  device: string
}

/**
 * Starts an instance with OpenID Connect, and measures each step twice; the second time counts.
 *
 * @param options.databaseCpu microseconds so far; null where it cannot be told
 */
export async function measureApps(options: {
  env: Record<string, string>
  wechat: string
  database: pg.Client
  databaseCpu: () => number | null
}): Promise<Record<AppStep, StepCost>> {
  const { env, wechat, database, databaseCpu } = options
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const settings = { OIDC: 'on', PORT: String(port), PUBLIC_URL: url }
  const instance = await startInstance('service', { ...env, ...settings })
  await database.query(
    `insert into oidc_clients (id, name, secret_hash, device, redirect_uris, refresh)
     values ($1, 'Bench', sha256($2), true, array[$3], true)`,
    [CLIENT, Buffer.from(SECRET), REDIRECT],
  )
  const caller = createCaller(url, wechat)
  const app = createApp(url)
  const cpu = async () => ({
    service: (await instance.usage()).cpuUs,
    database: databaseCpu(),
  })
  await measureSteps(app, caller, cpu)
  const costs = await measureSteps(app, caller, cpu)
  await Promise.all([app.close(), caller.close(), instance.stop()])
  return costs
}

type Cpu = () => Promise<{ service: number; database: number | null }>

async function measureSteps(
  app: App,
  caller: Caller,
  cpu: Cpu,
): Promise<Record<AppStep, StepCost>> {
  const signIns = Array.from({ length: COUNT }, () => ({}) as SignIn)
  const costs: Partial<Record<AppStep, StepCost>> = {}
  for (const step of STEPS) {
    // A person does that, in the time of other rows.
    if (step === 'token') await each(signIns, (one, nth) => app.confirm(one, caller, nth))
    const before = await cpu()
    await each(signIns, (one) => app[step](one))
    const after = await cpu()
    const of = (us: number) => us / COUNT / 1000
    const known = before.database !== null && after.database !== null
    costs[step] = {
      service: of(after.service - before.service),
      database: known ? of((after.database ?? 0) - (before.database ?? 0)) : null,
    }
  }
  return costs as Record<AppStep, StepCost>
}

async function each<T>(all: readonly T[], work: (one: T, nth: number) => Promise<unknown>) {
  let next = 0
  const lane = async () => {
    for (let nth = next++; nth < all.length; nth = next++) await work(all[nth] as T, nth)
  }
  await Promise.all(Array.from({ length: LANES }, lane))
}

type App = ReturnType<typeof createApp>

/** An app, with a browser of each person. Anything but the answer that it wants is an error. */
function createApp(url: string) {
  const pool = new Pool(url, { connections: LANES, pipelining: 1 })
  const basic = `Basic ${Buffer.from(`${CLIENT}:${SECRET}`).toString('base64')}`

  async function ask(
    method: 'GET' | 'POST',
    path: string,
    wanted: number,
    { form, headers = {} }: { form?: Record<string, string>; headers?: object } = {},
  ) {
    const answer = await pool.request({
      method,
      path,
      headers: {
        ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
        ...(headers as Record<string, string>),
      },
      ...(form && { body: new URLSearchParams(form).toString() }),
    })
    const text = await answer.body.text()
    if (answer.statusCode !== wanted) throw new Error(`${path}: ${answer.statusCode} ${text}`)
    const cookies = [answer.headers['set-cookie'] ?? []].flat().map((each) => each.split(';')[0])
    return { text, cookies, location: String(answer.headers.location ?? '') }
  }
  const json = (text: string) => JSON.parse(text) as Record<string, string>
  const post = async (path: string, form: Record<string, string>, wanted = 200) =>
    json((await ask('POST', path, wanted, { form, headers: { authorization: basic } })).text)

  return {
    async authorize(one: SignIn): Promise<void> {
      const query = new URLSearchParams({
        client_id: CLIENT,
        response_type: 'code',
        redirect_uri: REDIRECT,
        scope: 'openid profile',
        state: 'of-the-bench',
      })
      const { cookies, location } = await ask('GET', `/oidc/authorize?${query}`, 303)
      one.cookie = cookies.join('; ')
      one.page = location
    },
    /** What the page and a phone do between. */
    async confirm(one: SignIn, caller: Caller, nth: number): Promise<void> {
      const headers = { cookie: one.cookie }
      const begun = await ask('POST', `${one.page}/ticket`, 201, { headers })
      const { scene = '', secret = '' } = json(begun.text)
      const ticket = { scene, secret }
      const person = `person-${nth}`
      await caller.scan(ticket, await caller.loginCode(person))
      await caller.confirm(ticket, await caller.loginCode(person))
      const { token } = json((await caller.poll(ticket)).toString())
      const finished = await ask('POST', one.page, 200, {
        headers: { ...headers, authorization: `Bearer ${token}` },
      })
      const { pathname } = new URL(json(finished.text)['redirect_to'] ?? '')
      const { location } = await ask('GET', pathname, 303, { headers })
      one.code = new URL(location).searchParams.get('code') ?? ''
    },
    async token(one: SignIn): Promise<void> {
      const grant = { grant_type: 'authorization_code', redirect_uri: REDIRECT, code: one.code }
      const { access_token: access = '', refresh_token: refresh = '' } = await post(
        '/oidc/token',
        grant,
      )
      Object.assign(one, { access, refresh })
    },
    userinfo: (one: SignIn) =>
      ask('GET', '/oidc/userinfo', 200, { headers: { authorization: `Bearer ${one.access}` } }),
    refresh: (one: SignIn) =>
      post('/oidc/token', { grant_type: 'refresh_token', refresh_token: one.refresh }),
    async device(one: SignIn): Promise<void> {
      const { device_code: code = '' } = await post('/oidc/device_authorization', {
        scope: 'openid',
      })
      one.device = code
    },
    poll: (one: SignIn) =>
      post('/oidc/token', { grant_type: DEVICE_GRANT, device_code: one.device }, 400),
    close: () => pool.close(),
  }
}
