import { hash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import { buildApp } from './http/app.ts'
import type { Config } from './config/config.ts'
import { connect, connectReplica, type Connection } from './db/connect.ts'
import { migrate, pendingMigrations } from './db/migrate.ts'
import { registerGauges } from './telemetry/gauges.ts'
import { sweepLogins } from './audit/sweep.ts'
import { keepCodeStock } from './jobs/fill-code-stock.ts'
import { localUrl } from './config/urls.ts'
import { createMetrics } from './telemetry/metrics.ts'
import { sweepRateLimits } from './http/plugins/rate-limits.ts'
import { createShutdown } from './http/plugins/shutdown.ts'
import { repeat } from './jobs/repeat.ts'
import { startOps } from './http/ops.ts'
import { createSandbox } from './sandbox/plugin.ts'
import type { Replica } from './tickets/read-replica.ts'
import { sweepTickets } from './tickets/sweep.ts'
import { createFixedKeyring, createStoredKeyring } from './tokens/keyring.ts'
import { createLoginTokens } from './tokens/login-token.ts'
import { createWechatClient } from './wechat/mini-program.ts'
import { SANDBOX_APPID, sandboxAccess, sandboxAccount } from './config/sandbox.ts'

export type Service = { url: string; stop(): Promise<void> }

const SWEEP_MS = 5_000

const { version } = JSON.parse(
  readFileSync(
    // From dist/src, where the build puts this file.
    new URL('../../package.json', import.meta.url),
    'utf8',
  ),
) as { version: string }

/**
 * Brings one replica up: database, migrations, keys, WeChat, HTTP, sweep.
 *
 * @throws {Error} with a sentence for the operator; nothing is left open then
 */
export async function startService(options: {
  config: Config
  log: FastifyBaseLogger
  /** Where other machines of the network reach this one, where it is known. */
  lanAddress?: string | undefined
}): Promise<Service> {
  const { config, log } = options
  const undo: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    const url = await start(config, log, options.lanAddress, undo)
    return { url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(
  config: Config,
  log: FastifyBaseLogger,
  lanAddress: string | undefined,
  undo: (() => Promise<unknown>)[],
): Promise<string> {
  const { host } = config.http
  const port = config.http.port || (await freePort(host))
  const wildcard = host === '0.0.0.0' || host === '::'
  const local = localUrl(host, port)
  const publicUrl =
    config.http.publicUrl ?? (wildcard && lanAddress ? `http://${lanAddress}:${port}` : local)

  const connection = await openDatabase(config, log)
  const { db, background } = connection
  undo.push(connection.close)

  const replica = await openReplica(config, log)
  if (replica) undo.push(replica.close)

  const metrics =
    config.ops.port === null
      ? null
      : createMetrics({
          onError: (gauge, error) => log.warn({ gauge, err: error }, 'a gauge cannot be read'),
        })

  const { signingKeys, ttl } = config.tokens
  const keyring = signingKeys
    ? await createFixedKeyring(signingKeys)
    : await createStoredKeyring({ db, tokenTtl: ttl })
  const tokens = createLoginTokens(keyring, {
    ...config.tokens,
    issuer: config.tokens.issuer ?? publicUrl,
  })

  const { credentials, urlLink, ...wechatSettings } = config.wechat
  const sandboxed = credentials === null
  const wechat = createWechatClient({
    ...wechatSettings,
    ...(credentials ?? sandboxAccess(local)),
    log,
    onCall: metrics?.wechatCall,
  })
  undo.push(() => wechat.close())
  const { codeStock: size } = config
  const stock = size > 0 ? { size, madeFor: codesMadeFor(config, publicUrl) } : null
  if (metrics) registerGauges(metrics, { wechat, connection, stock: stock?.madeFor ?? null })

  const shutdown = createShutdown()
  const app = await buildApp({
    log,
    db,
    databaseBusy: connection.busy,
    replica: replica ?? undefined,
    wechat,
    keyring,
    tokens,
    version,
    publicUrl,
    site: config.siteName ?? new URL(publicUrl).host,
    windows: config.windows,
    matchMode: config.matchMode,
    stock: stock?.madeFor ?? null,
    urlLink,
    rates: config.rates,
    corsOrigins: config.http.corsOrigins,
    returnUrls: config.http.returnUrls,
    trustProxy: config.http.trustProxy,
    locationHeader: config.http.locationHeader,
    sandbox: sandboxed ? createSandbox({ publicUrl, ...sandboxAccount, log }) : null,
    keepTrail: config.auditDays > 0,
    ...(metrics
      ? {
          observe: {
            transition: metrics.tickets,
            pollBatch: metrics.pollBatch,
            refusal: metrics.refusal,
          },
        }
      : {}),
    around: [shutdown.guard, ...(metrics ? [metrics.observe] : [])],
  })
  undo.push(async () => {
    shutdown.begin()
    await app.close()
  })

  if (metrics && config.ops.port !== null) {
    undo.push(await startOps({ host: config.ops.host, port: config.ops.port, metrics, log }))
  }
  await app.listen({
    host,
    port,
    // When a thousand browsers of another replica come at once, those that do not fit into Node's 511
    // are not refused: they wait for TCP to try again, for seconds. The kernel may allow fewer.
    backlog: 4_096,
  })
  log.info(`listening on ${local}`)
  wechat.start()

  undo.push(
    repeat({
      everyMs: SWEEP_MS,
      task: async (signal) => {
        const { expired } = await sweepTickets(background, config.windows, signal)
        metrics?.tickets('expired', expired)
        await sweepRateLimits(background)
        await sweepLogins(background, config.auditDays, signal)
      },
      onError: (error) => log.warn({ err: error }, 'the sweep failed; it will try again'),
    }),
  )
  if (stock) {
    const makeImage = async (scene: string) => (await wechat.codeImage(scene)).bytes
    undo.push(keepCodeStock({ db: background, stock, makeImage, log }))
  }
  log.info({ publicUrl, sandbox: sandboxed }, `ScenePass is ready: open ${publicUrl}`)
  return local
}

/** A name for all that a code depends on: made for anything else, it would lead somewhere else. */
function codesMadeFor({ wechat }: Config, publicUrl: string): string {
  const { credentials, page, envVersion, checkPath, codeWidth, apiBase } = wechat
  // The sandbox's codes lead to its own phone page; every replica behind one URL makes the same.
  const by = credentials ? [credentials.appid, apiBase] : [SANDBOX_APPID, publicUrl]
  return hash('sha256', JSON.stringify([...by, page, envVersion, checkPath, codeWidth]), 'hex')
}

async function openDatabase(config: Config, log: FastifyBaseLogger): Promise<Connection> {
  const { url, pool: poolSize } = config.database
  const embedded = url.startsWith('pglite:')
  if (config.database.migrate === 'auto' && !embedded) {
    // A migration may take longer than any statement of a request, so it has its own connections.
    const patient = await connect({ url, poolSize: 2, log, queryTimeoutMs: 0 })
    try {
      report(await migrate(patient.db), log)
    } finally {
      await patient.close()
    }
  }
  const connection = await connect({ url, poolSize, log })
  try {
    if (config.database.migrate === 'auto' && embedded) report(await migrate(connection.db), log)
    const missing = await pendingMigrations(connection.db)
    if (missing.length > 0) {
      throw new Error(
        `The database schema is behind (${missing.join(', ')}) and MIGRATE is off. Run "npm run migrate", or set MIGRATE=auto.`,
      )
    }
    return connection
  } catch (error) {
    await connection.close()
    throw error
  }
}

async function openReplica(
  { database: { readUrl: url } }: Config,
  log: FastifyBaseLogger,
): Promise<(Replica & Pick<Connection, 'close'>) | null> {
  if (url === null) return null
  const onChange = (failure: unknown): void => {
    if (failure === null) log.info('the read replica answers again')
    else log.warn({ err: failure }, 'the read replica fails; polls go to the database itself')
  }
  return { ...(await connectReplica({ url, log })), onChange }
}

const report = (applied: string[], log: FastifyBaseLogger): void => {
  if (applied.length > 0) log.info({ applied }, 'database migrated')
}

/** The sandbox's address must be known before anything listens, also when any port will do. */
const freePort = (host: string): Promise<number> =>
  new Promise((resolve, reject) => {
    const probe = createServer()
    probe.once('error', reject)
    probe.listen(0, host, () => {
      const { port } = probe.address() as { port: number }
      probe.close(() => resolve(port))
    })
  })
