import { setTimeout as sleep } from 'node:timers/promises'
import type pg from 'pg'
import { sceneOf, secretOf, type Plan } from './load.ts'
import { databaseCpuUs, startInstance, type Load, type Instance } from './processes.ts'
import type { Kind } from './instance.ts'

/** Median of each figure over the rounds. */
export type Rate = {
  perSecond: number
  /** Microseconds of CPU time a poll; of the database null where it cannot be told. */
  cpuUs: number
  databaseUs: number | null
  p50: number
  p99: number
}

export type Rates = Record<Kind, Rate> & {
  /** Of the service, in one statement. */
  pollsPerStatement: number
  bytes: { request: number; answer: number }
}

const ROUNDS = 5
const CONNECTIONS = 256

/** Live tickets 1 to `count`, besides those that are there; the load knows their secrets. */
export async function addTickets(database: pg.Client, from: number, to: number): Promise<void> {
  const pattern = (name: string) => name.replace(/0+1$/, '')
  const [scene, secret] = [sceneOf(1), secretOf(1)]
  await database.query(
    `insert into tickets (scene, secret_hash, match_code, expires_at)
     select $1 || lpad(i::text, $2, '0'), sha256(convert_to($3 || lpad(i::text, $4, '0'), 'UTF8')),
       '42', now() + interval '1 hour'
     from generate_series($5::int, $6::int) i`,
    [
      pattern(scene),
      scene.length - pattern(scene).length,
      pattern(secret),
      secret.length - pattern(secret).length,
      from,
      to,
    ],
  )
  await database.query('vacuum analyze tickets')
}

/** Polls as fast as they are answered, of each kind in turn, so that they share the machine's moods. */
export async function measureRates(options: {
  env: NodeJS.ProcessEnv
  load: Load
  database: pg.Client
  postmaster: number
  tickets: number
  tell: (what: string) => void
}): Promise<Rates> {
  const { env, load, database, postmaster, tickets, tell } = options
  const kinds: Kind[] = ['service', 'metered', 'bare', 'select']
  const instances: Instance[] = []
  for (const kind of kinds) instances.push(await startInstance(kind, env))

  const rounds = new Map<Kind, Rate[]>(kinds.map((kind) => [kind, []]))
  let bytes = { request: 0, answer: 0 }
  const statements: number[] = []

  for (let round = 0; round <= ROUNDS; round++) {
    tell(round === 0 ? 'warming up' : `polls, round ${round} of ${ROUNDS}`)
    // Each round begins with another: who comes first finds the database rested.
    const first = round % instances.length
    for (const { kind, url, usage } of [...instances.slice(first), ...instances.slice(0, first)]) {
      const plan: Plan = {
        port: Number(new URL(url).port),
        tickets,
        connections: CONNECTIONS,
        seconds: round === 0 ? 3 : 2,
      }
      const counted = kind === 'service' && round > 0
      const commits = counted ? await commitsOf(database) : 0
      const before = { cpu: (await usage()).cpuUs, database: databaseCpuUs(postmaster) }
      const result = await load(plan)
      const after = { cpu: (await usage()).cpuUs, database: databaseCpuUs(postmaster) }
      if (Object.keys(result.refused).length > 0) {
        throw new Error(`${kind} refused polls: ${JSON.stringify(result.refused)}`)
      }
      if (round === 0) continue
      if (counted) {
        bytes = result.bytes
        statements.push(result.total / Math.max(1, (await commitsOf(database)) - commits))
      }
      rounds.get(kind)?.push({
        perSecond: result.perSecond,
        cpuUs: (after.cpu - before.cpu) / result.total,
        databaseUs:
          before.database === null || after.database === null
            ? null
            : (after.database - before.database) / result.total,
        p50: result.p50,
        p99: result.p99,
      })
    }
  }
  for (const instance of instances) await instance.stop()

  const rate = (kind: Kind): Rate => {
    const of = rounds.get(kind) ?? []
    const middle = (field: keyof Rate) => median(of.map((each) => each[field] ?? 0))
    return {
      perSecond: middle('perSecond'),
      cpuUs: middle('cpuUs'),
      databaseUs: of[0]?.databaseUs === null ? null : middle('databaseUs'),
      p50: middle('p50'),
      p99: middle('p99'),
    }
  }
  return {
    service: rate('service'),
    metered: rate('metered'),
    bare: rate('bare'),
    select: rate('select'),
    pollsPerStatement: median(statements),
    bytes,
  }
}

/** `rss` and `live` in bytes. */
export type AtRate = { p50: number; p99: number; rss: number; live: number; perSecond: number }

/** One instance, fresh, polled at a rate that it is given. */
export async function measureAtRate(options: {
  env: NodeJS.ProcessEnv
  load: Load
  tickets: number
  rate: number
  seconds: number
}): Promise<AtRate> {
  const { env, load, tickets, rate, seconds } = options
  const instance = await startInstance('service', env)
  const plan = {
    port: Number(new URL(instance.url).port),
    tickets,
    connections: CONNECTIONS,
    rate,
  }
  await load({ ...plan, seconds: 2 })
  const { p50, p99, perSecond, refused } = await load({ ...plan, seconds })
  if (Object.keys(refused).length > 0) throw new Error(`refused: ${JSON.stringify(refused)}`)
  const { rss, live } = await instance.usage('collect')
  await instance.stop()
  return { p50, p99, perSecond, rss, live }
}

/** Statements that this database has finished: outside transactions each is one. */
async function commitsOf(database: pg.Client): Promise<number> {
  // A backend reports what it has done once it has been idle for a second.
  await sleep(1_100)
  const { rows } = await database.query<{ commits: number }>(
    `select xact_commit::int as commits from pg_stat_database where datname = current_database()`,
  )
  return rows[0]?.commits ?? 0
}

export function median(values: number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1
    ? (sorted[middle] as number)
    : ((sorted[middle - 1] as number) + (sorted[middle] as number)) / 2
}
