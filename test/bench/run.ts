import pg from 'pg'
import { startPostgres, stopPostgres, urlOf } from '../fixtures/postgres/postgres.ts'
import { measureApps } from './apps.ts'
import {
  createCaller,
  measureCodes,
  measureCommits,
  measureLogins,
  measureSteps,
} from './logins.ts'
import { addTickets, measureAtRate, measureRates } from './polls.ts'
import { databaseCpuUs, pin, startLoad, startInstance, startSandbox, stopAll } from './processes.ts'
import type { Figures } from './figures.ts'
import { report } from './report.ts'
import { largeCodes, measureWal, untilStocked } from './wal.ts'

/**
 * `npm run bench`: measures this tree on this machine and writes the figures into docs/scale.md and
 * docs/scale.zh-CN.md. Takes about three minutes, and wants the machine for itself.
 */
const began = performance.now()
const tell = (what: string): void => {
  const seconds = Math.round((performance.now() - began) / 1000)
  process.stderr.write(`${String(seconds).padStart(4)} s  ${what}\n`)
}

const WECHAT_DELAY_MS = 200

tell('starting PostgreSQL and the simulated WeChat')
pin(process.pid, 'around')
const server = await startPostgres({ durable: true })
const pinned = pin(server.pid, 'around')

const database = new pg.Client(urlOf(server, 'postgres'))

try {
  const figures = await measure()
  const text = await report(figures)
  process.stdout.write(`\n${text}\n`)
  tell('written into docs/scale.md and docs/scale.zh-CN.md')
} finally {
  // Ended before the server is, so that its end does not hide what went wrong.
  await database.end()
  await stopAll()
  await stopPostgres(server)
}

async function measure(): Promise<Figures> {
  const url = urlOf(server, 'postgres')
  const wechat = await startSandbox()
  const env = {
    ...wechat.settings,
    NODE_ENV: 'test',
    DATABASE_URL: url,
    PORT: '0',
    TICKET_TTL: '3600',
    RATE_CREATE: '1000000',
    RATE_PHONE: '1000000',
    CODE_STOCK: '0',
  }
  // The first instance makes the schema.
  const plain = await startInstance('service', env)
  await database.connect()
  const { rows } = await database.query<{ server_version: string }>('show server_version')

  const caller = createCaller(plain.url, wechat.url)
  // WeChat makes fewer codes than this machine may do logins: here the service's budget has no end.
  const budget = setInterval(() => void database.query('delete from rate_limits'), 2_000)
  await measureLogins(caller, 2)
  tell('whole logins')
  // Not longer: the simulated WeChat makes 5,000 codes a minute, as the real one does, for all of this.
  const loginsPerSecond = await measureLogins(caller, 5)
  tell('each step of a login')
  const cpu = async () => ({
    service: (await plain.usage()).cpuUs,
    database: databaseCpuUs(server.pid),
  })
  const steps = await measureSteps(caller, cpu)
  tell('each call of other apps')
  const apps = await measureApps({
    env,
    wechat: wechat.url,
    database,
    databaseCpu: () => databaseCpuUs(server.pid),
  })
  clearInterval(budget)
  tell('raw commits of the same database')
  const commitsPerSecond = await measureCommits(url, 4)

  tell(`time to the code, WeChat answering in ${WECHAT_DELAY_MS} ms`)
  await wechat.slowCodes(WECHAT_DELAY_MS)
  const codesOnDemand = await measureCodes(caller, 40)
  await caller.close()
  await plain.stop()

  await wechat.slowCodes(0)
  const stocked = await startInstance('service', { ...env, CODE_STOCK: '50' })
  await untilStocked(database, 50)
  await wechat.slowCodes(WECHAT_DELAY_MS)
  const stockedCaller = createCaller(stocked.url, wechat.url, '127.0.3.1')
  // The stock is not for the address that asks most: it gets twenty in a minute.
  const codesFromStock = await measureCodes(stockedCaller, 20)
  await stockedCaller.close()
  // Killed while it makes a code, it would keep the next instance from making any for a minute.
  await wechat.slowCodes(0)
  await untilStocked(database, 50)
  await stocked.stop()

  tell('write-ahead log of a login')
  // What checkpoints and autovacuum write depends on when they come, and would hide what logins do.
  const quiet = ['full_page_writes', 'autovacuum']
  for (const name of quiet) await database.query(`alter system set ${name} = off`)
  await database.query('select pg_reload_conf()')
  const wal = await measureWals(env, wechat)
  for (const name of quiet) await database.query(`alter system reset ${name}`)
  await database.query('select pg_reload_conf()')

  const load = await startLoad()
  await addTickets(database, 1, 20_000)
  const rates = await measureRates({
    env,
    load,
    database,
    postmaster: server.pid,
    tickets: 20_000,
    tell,
  })

  tell('half of that rate')
  const half = await measureAtRate({
    env,
    load,
    tickets: 20_000,
    rate: rates.service.perSecond / 2,
    seconds: 6,
  })

  await addTickets(database, 20_001, 50_000)
  const atPace: Figures['atPace'] = []
  for (const tickets of [1_000, 10_000, 50_000]) {
    tell(`${tickets} tickets, each polled every 2 s`)
    const measured = await measureAtRate({ env, load, tickets, rate: tickets / 2, seconds: 6 })
    atPace.push({ tickets, ...measured })
  }

  return {
    postgres: rows[0]?.server_version.split(' ')[0] ?? '',
    pinned,
    wechatDelayMs: WECHAT_DELAY_MS,
    loginsPerSecond,
    steps,
    apps,
    commitsPerSecond,
    codesOnDemand,
    codesFromStock,
    wal,
    rates,
    half,
    atPace,
  }
}

async function measureWals(
  env: Record<string, string>,
  wechat: Awaited<ReturnType<typeof startSandbox>>,
): Promise<Figures['wal']> {
  await wechat.slowCodes(0)
  const large = await largeCodes(wechat.settings['WECHAT_API_BASE'] ?? '')
  const on = async (stock: number, images: boolean[]): Promise<number[]> => {
    const instance = await startInstance('service', {
      ...env,
      WECHAT_API_BASE: large.url,
      CODE_STOCK: String(stock),
    })
    const open = (address: string) => createCaller(instance.url, wechat.url, address)
    const bytes: number[] = []
    for (const image of images) bytes.push(await measureWal(database, open, { image, stock }))
    await instance.stop()
    return bytes
  }
  const [fromStock = 0] = await on(50, [true])
  const [onDemand = 0, withoutImage = 0] = await on(0, [true, false])
  large.close()
  return { fromStock, onDemand, withoutImage }
}
