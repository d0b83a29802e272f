import { sql } from 'kysely'
import type { Connection, Db, PoolUse } from '../db/pool.ts'
import type { Metrics } from './metrics.ts'
import { countCodeStock } from '../tickets/code-stock.ts'
import type { Keyring } from '../tokens/keyring.ts'
import type { Channel } from '../tickets/ticket.ts'

type Health = {
  health(): {
    token: { age: number; expiresIn: number } | null
    paused: Readonly<Record<string, boolean>>
  }
}

/** What is read at each scrape, rather than counted when it happens. */
export function registerGauges(
  metrics: Metrics,
  of: {
    /** Of WeChat, by the door that each is. */
    accounts: Readonly<Partial<Record<Channel, Health>>>
    keyring: Pick<Keyring, 'ages'>
    connection: Connection
    /** The database is in a folder of ours, and its write-ahead log with it. */
    embedded: boolean
    readReplica: { db: Db } | null
    /** What the codes in stock are made for, by door; null where there is no stock. */
    stock: Readonly<Record<Channel, string | null>>
  },
): void {
  const { accounts, keyring, connection, stock } = of
  metrics.gauge({
    name: 'scenepass_access_token_age_seconds',
    help: 'Since WeChat last gave the access token, which is asked for every 4 minutes; absent while there is none',
    label: 'channel',
    collect: () => tokensOf(accounts, ({ age }) => age),
  })
  metrics.gauge({
    name: 'scenepass_access_token_expires_in_seconds',
    help: 'What is left of the access token; absent while there is none',
    label: 'channel',
    collect: () => tokensOf(accounts, ({ expiresIn }) => expiresIn),
  })
  metrics.gauge({
    name: 'scenepass_wechat_paused',
    help: '1 while calls of this API fail at once because the last ones failed',
    label: 'api',
    collect: () => pausedOf(accounts),
  })
  registerPool(metrics, connection.poolUse)
  registerKeys(metrics, keyring)

  // Last, because they need a connection themselves.
  metrics.gauge({
    name: 'scenepass_db_size_bytes',
    help: 'Size of the database; of the embedded one with its write-ahead log',
    collect: () => sizeOf(connection.db, of.embedded),
  })
  const { readReplica } = of
  if (readReplica) {
    metrics.gauge({
      name: 'scenepass_read_replica_lag_seconds',
      help: 'How far the read replica is behind; absent where it does not say',
      collect: () => lagOf(readReplica.db),
    })
  }
  if (Object.values(stock).some((madeFor) => madeFor !== null)) {
    metrics.gauge({
      name: 'scenepass_code_stock',
      help: 'Codes that lie ready, for all instances together, by door',
      label: 'channel',
      collect: () => stocksOf(connection.db, stock),
    })
  }
}

type Accounts = Parameters<typeof registerGauges>[1]['accounts']

function tokensOf(
  accounts: Accounts,
  take: (token: { age: number; expiresIn: number }) => number,
): Record<string, number> {
  const found: Record<string, number> = {}
  for (const [channel, account] of Object.entries(accounts)) {
    const { token } = account.health()
    if (token) found[channel] = take(token)
  }
  return found
}

/** Of an API that both accounts have: whether it is paused for one of them. */
function pausedOf(accounts: Accounts): Record<string, number> {
  const found: Record<string, number> = {}
  for (const account of Object.values(accounts)) {
    for (const [api, paused] of Object.entries(account.health().paused)) {
      found[api] = Math.max(found[api] ?? 0, Number(paused))
    }
  }
  return found
}

async function stocksOf(
  db: Db,
  stock: Readonly<Record<Channel, string | null>>,
): Promise<Record<string, number>> {
  const found: Record<string, number> = {}
  for (const [channel, madeFor] of Object.entries(stock)) {
    if (madeFor !== null) found[channel] = await countCodeStock(db, madeFor)
  }
  return found
}

/**
 * How long ago each sweep ended well, from the start on.
 *
 * @returns to be called with a table that has been swept
 */
export function registerSweeps(
  metrics: Metrics,
  tables: readonly string[],
): (table: string) => void {
  const started = performance.now()
  const sweptAt = new Map(tables.map((table) => [table, started]))
  metrics.gauge({
    name: 'scenepass_sweep_age_seconds',
    help: 'Since this instance last took away what was due in this table, or since its start',
    label: 'table',
    collect: () =>
      Object.fromEntries(
        [...sweptAt].map(([table, at]) => [table, (performance.now() - at) / 1000]),
      ),
  })
  return (table) => void sweptAt.set(table, performance.now())
}

function registerKeys(metrics: Metrics, keyring: Pick<Keyring, 'ages'>): void {
  metrics.gauge({
    name: 'scenepass_signing_key_age_seconds',
    help: 'Since when the key in the database signs; absent with SIGNING_KEYS',
    collect: async () => (await keyring.ages())?.signs,
  })
  metrics.gauge({
    name: 'scenepass_signing_keys',
    help: 'Keys in the database that are published, by what they do; absent with SIGNING_KEYS',
    label: 'state',
    collect: async () => (await keyring.ages())?.states ?? {},
  })
}

async function sizeOf(db: Db, embedded: boolean): Promise<number | undefined> {
  const { rows } = await sql<{ bytes: number }>`
    select (
      pg_database_size(current_database())
      ${embedded ? sql`+ (select sum(size) from pg_ls_waldir())` : sql``}
    )::float8 as bytes
  `.execute(db)
  return rows[0]?.bytes
}

/** A copy that has replayed all it was sent, and still is sent, is not behind: nothing has happened. */
async function lagOf(db: Db): Promise<number | undefined> {
  const { rows } = await sql<{ seconds: number | null }>`
    select case
      when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn()
        and exists (select from pg_stat_wal_receiver) then 0
      else extract(epoch from now() - pg_last_xact_replay_timestamp())::float8
    end as seconds
  `.execute(db)
  return rows[0]?.seconds ?? undefined
}

function registerPool(metrics: Metrics, poolUse: () => PoolUse): void {
  metrics.gauge({
    name: 'scenepass_db_pool_connections',
    help: 'Connections to the database, by what they do',
    label: 'state',
    collect: () => {
      const { total, idle } = poolUse()
      return { busy: total - idle, idle }
    },
  })
  metrics.gauge({
    name: 'scenepass_db_pool_max_connections',
    help: 'Connections this instance may open: DATABASE_POOL, or the one of the embedded database',
    collect: () => poolUse().max,
  })
  metrics.gauge({
    name: 'scenepass_db_pool_waiting',
    help: 'Statements that wait for a connection',
    collect: () => poolUse().waiting,
  })
}
