import { readFileSync } from 'node:fs'
import { createServer } from 'node:net'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from './config/config.ts'
import { readLogo } from './config/look.ts'
import { sandboxAccount, sandboxOfficialAccount } from './config/sandbox.ts'
import { isLoopback } from './config/hosts.ts'
import { isEverywhere, localUrl } from './config/urls.ts'
import { openDatabase, openReadReplica } from './db/open.ts'
import { buildApp } from './http/app.ts'
import { listening, type Listening } from './http/listen.ts'
import { startOps } from './http/ops.ts'
import { countRequests } from './http/plugins/request-metrics.ts'
import { createShutdown } from './http/plugins/shutdown.ts'
import { fillCodeStock } from './jobs/fill-code-stock.ts'
import { startSweeps, sweptTables } from './jobs/sweep.ts'
import { createDevices } from './oidc/approve-device.ts'
import { clientsOf } from './oidc/client-ids.ts'
import { openDoors } from './open-doors.ts'
import { createSandbox } from './sandbox/plugin.ts'
import { registerGauges, registerSweeps } from './telemetry/gauges.ts'
import { createMetrics, type Metrics } from './telemetry/metrics.ts'
import { createFixedKeyring, createStoredKeyring } from './tokens/keyring.ts'
import { createLoginTokens } from './tokens/login-token.ts'
import { nameOfProxy } from './wechat/outbound.ts'

export type Service = {
  /** Where this machine itself reaches it; no trailing slash. */
  url: string
  version: string
  sandbox: boolean
  /** Where browsers open it, by its settings. */
  open: string
  /** Where a phone of this network opens it; null where it listens on this machine alone. */
  phone: string | null
  /** Its other addresses. */
  elsewhere: readonly string[]
  stop(): Promise<void>
}

const { version } = JSON.parse(
  readFileSync(
    // From dist/src, where the build puts this file.
    new URL('../../package.json', import.meta.url),
    'utf8',
  ),
) as { version: string }

type ServiceOptions = {
  config: Config
  log: FastifyBaseLogger
  /** Where other machines of the network reach this one, as far as it is known: IPv4, the best first. */
  ownAddresses?: readonly string[]
}

/**
 * Brings one instance up: database, migrations, keys, WeChat, HTTP, jobs. It is stopped in reverse.
 *
 * @throws {Error} with a sentence for the operator; nothing is left open then
 */
export async function startService(options: ServiceOptions): Promise<Service> {
  const undo: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const step of undo.splice(0).reverse()) await step()
  }
  try {
    return { ...(await start(options, undo)), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

async function start(
  { config, log, ownAddresses = [] }: ServiceOptions,
  undo: (() => Promise<unknown>)[],
): Promise<Omit<Service, 'stop'>> {
  const logo = config.look.logo === null ? null : await readLogo(config.look.logo)
  const { host } = config.listen
  // The public URL, and with it the issuer of tokens and the sandbox's codes, may depend on the port.
  const { port: wanted } = config.listen
  const at: Listening = { host, port: wanted, names: { host: 'HOST', port: 'PORT' } }
  const held = wanted === 0 ? await listening(at, () => holdPort(host)) : null
  if (held) undo.push(held.release)
  const port = held?.port ?? wanted
  const local = localUrl(host, port)
  // On all addresses at once, other machines reach us at those of the network.
  const elsewhere = isEverywhere(host) ? ownAddresses.map((own) => `http://${own}:${port}`) : []
  const publicUrl = config.listen.publicUrl ?? elsewhere[0] ?? local

  const metrics = metricsOf(config, log)
  const connection = await openDatabase(config.database, log, metrics?.statement)
  const { db, background } = connection
  undo.push(connection.close)
  const readReplica = await openReadReplica(config.database, log)
  if (readReplica) undo.push(readReplica.close)

  const { signingKeys, ...tokenRules } = config.tokens
  const keyring = signingKeys
    ? await createFixedKeyring(signingKeys, { rsa: config.oidc !== null })
    : await createStoredKeyring({ db, tokenTtl: tokenRules.ttl, rsa: config.oidc !== null })
  const tokenIssuer = tokenRules.issuer ?? publicUrl
  const tokens = createLoginTokens(keyring, { ...tokenRules, issuer: tokenIssuer })

  const { proxy } = config.wechat
  if (proxy !== null) log.info(`calls to WeChat go through the proxy ${nameOfProxy(proxy)}`)
  const { doors, accounts, stocks, madeFor } = openDoors({
    config,
    local,
    publicUrl,
    log,
    onCall: metrics?.wechatCall,
  })
  undo.push(
    async () => void (await Promise.all(Object.values(accounts).map((account) => account.close()))),
  )
  if (metrics) {
    const embedded = config.database.url.startsWith('pglite:')
    registerGauges(metrics, {
      accounts,
      keyring,
      connection,
      embedded,
      readReplica,
      stock: madeFor,
    })
  }

  const { audience, audienceMiniprogram } = tokenRules
  const known = {
    reserved: [audience, audienceMiniprogram],
    sandbox: config.sandbox,
    exampleAt: publicUrl,
  }

  const shutdown = createShutdown()
  const app = await buildApp({
    log,
    database: { ...connection, readReplica },
    doors,
    keyring,
    tokens,
    site: {
      name: config.siteName ?? new URL(publicUrl).host,
      publicUrl,
      version,
      logo,
      color: config.look.color,
    },
    rules: config.sandbox ? atHome(config) : config,
    stock: madeFor,
    sandbox: config.sandbox
      ? createSandbox({
          publicUrl,
          ...sandboxAccount,
          officialAccount: { ...sandboxOfficialAccount, service: local },
          oidc: config.oidc !== null,
          log,
        })
      : null,
    shutdown,
    oidc: config.oidc && {
      openIdRules: config.oidc,
      findClient: (id) => clientsOf(db, known).find(id),
      devices: createDevices({ find: (tx, id) => clientsOf(tx, known).find(id) }),
      tokenIssuer,
    },
    ...(metrics && {
      observe: {
        app: countRequests(metrics.registry),
        transition(outcome, age) {
          metrics.tickets(outcome)
          if (age !== undefined) metrics.confirmed(age)
        },
        pollBatch: metrics.pollBatch,
        readReplica: metrics.readReplica,
        refusal: metrics.refusal,
        push: metrics.push,
        openId: metrics.openId,
      },
    }),
  })
  undo.push(async () => {
    shutdown.begin()
    await app.close()
  })

  if (metrics && config.ops.port !== null) {
    undo.push(await startOps({ host: config.ops.host, port: config.ops.port, metrics, log }))
  }
  const listen = {
    host,
    port,
    // When a thousand browsers of another instance come at once, those that do not fit into Node's
    // 511 are not refused: they wait for TCP to try again, for seconds. The kernel may allow fewer.
    backlog: 4_096,
  }
  await held?.release()
  await listening({ ...at, port }, () => app.listen(listen))
  log.info(`listening on ${[local, ...elsewhere].join(', ')}`)
  for (const account of Object.values(accounts)) account.start()

  const onExpired = (count: number) => metrics?.tickets('expired', count)
  const tables = sweptTables(config.oidc !== null)
  const onSwept = metrics ? registerSweeps(metrics, tables) : undefined
  undo.push(startSweeps({ db: background, rules: config, log, onExpired, onSwept }))
  for (const each of stocks) undo.push(fillCodeStock({ db: background, ...each, log }))
  log.info({ version, publicUrl, sandbox: config.sandbox }, `ScenePass is ready: open ${publicUrl}`)
  const inNetwork = elsewhere[0] ?? (isLoopback(new URL(local).hostname) ? null : local)
  return {
    url: local,
    version,
    sandbox: config.sandbox,
    open: publicUrl,
    phone: config.sandbox ? (config.listen.publicUrl ?? inNetwork) : null,
    elsewhere: [local, ...elsewhere].filter((url) => url !== publicUrl),
  }
}

/** In the sandbox a developer's own pages may call, whichever port their tools choose. */
const atHome = (config: Config): Config => ({
  ...config,
  http: {
    ...config.http,
    corsOrigins: [...config.http.corsOrigins, 'http://localhost:*', 'http://127.0.0.1:*'],
  },
})

const metricsOf = ({ ops }: Config, log: FastifyBaseLogger): Metrics | null =>
  ops.port === null
    ? null
    : createMetrics({
        version,
        onError: (gauge, error) => log.warn({ gauge, err: error }, 'a gauge cannot be read'),
      })

/** A free port, which no other program of this machine can take until it is released. */
const holdPort = (host: string): Promise<{ port: number; release: () => Promise<void> }> =>
  new Promise((resolve, reject) => {
    const holder = createServer((connection) => connection.destroy())
    holder.once('error', reject)
    holder.listen(0, host, () => {
      const { port } = holder.address() as { port: number }
      const release = () => new Promise<void>((done) => holder.close(() => done()))
      resolve({ port, release })
    })
  })
