import { ConfigError, readConfig, type Config } from '../config/config.ts'
import { problemOfLogo } from '../config/look.ts'
import { isPublic } from '../config/hosts.ts'
import { SANDBOX_APPID, SANDBOX_APPIDS, sandboxAccess } from '../config/sandbox.ts'
import { commandToClose, hasFileModes, openToOthers, secretFiles } from '../config/secret-files.ts'
import { localUrl } from '../config/urls.ts'
import type { Db } from '../db/pool.ts'
import { miniProgramChecks, officialAccountChecks } from './accounts.ts'
import { createAsk, type Ask } from './ask.ts'
import { checkCache } from './cache.ts'
import { checkDatabaseClock, checkWechatClock } from './clocks.ts'
import { checkDatabase, checkMigrations, openDatabase } from './database.ts'
import type { Finding } from './finding.ts'
import { hider } from './hide.ts'
import { checkClients, checkDiscovery } from './openid-connect.ts'
import { planOf, type Planned } from './plan.ts'
import { checkProxy } from './proxy.ts'
import { checkPublicUrl } from './public-url.ts'
import { once, runChecks, type Checks, type Result } from './run.ts'
import { checkSecretFiles } from './secret-files.ts'
import { checkPublishedKeys, checkService } from './service.ts'
import { settingsDoNotFit, settingsFit } from './settings.ts'
import { checkSigningKeys, givenSigners, storedSigners, type Signers } from './signing-keys.ts'
import { checkRealWechat, checkWechat } from './wechat.ts'
import { askThrough, checkWechatProxy } from './wechat-proxy.ts'

/** What goes wrong is in the results, so nothing is logged. */
const silent = { debug() {}, info() {}, warn() {}, error() {} }
/** The longest wait for one call, also where the service itself may wait longer. */
const LONGEST_MS = 10_000

export type Examination = {
  env: Readonly<Record<string, string | undefined>>
  /** Where some of the settings come from; for tests. */
  dotEnv?: string
  /** Called with each result in turn, and the check that is awaited next. */
  onResult?: (result: Result, next: Planned | undefined) => void
  /** ms since 1970; for tests. */
  now?: () => number
  /** A certificate to trust; for tests. */
  ca?: string
}

/** Looks at a whole set-up: its settings, its database, the running service, and WeChat. */
export async function examine(options: Examination): Promise<Result[]> {
  const { env, onResult = () => {} } = options
  const hide = hider(env)
  const { plan, checks, close } = wire(options)
  try {
    const results = await runChecks(plan, checks, (result, next) => onResult(hide(result), next))
    return results.map(hide)
  } finally {
    await close()
  }
}

/** What the groups of checks share. */
type Wiring = {
  config: Config
  /** Where the service is to be reached; no trailing slash. */
  url: string
  /** Where WeChat is. */
  apiBase: string
  /** Who we are there; null where that account has no credentials. */
  miniProgram: { appid: string; secret: string } | null
  officialAccount: Config['officialAccount']['credentials']
  open: () => Promise<Db>
  signers: () => Promise<Signers>
  now: () => number
  ca: string | undefined
  /** Adds what is to be closed in the end. */
  closing: (close: () => Promise<void>) => void
}

function wire({ env, dotEnv, now = Date.now, ca }: Examination) {
  const config = settingsOf(env)
  if (config instanceof ConfigError) {
    const plan = planOf({
      fileModes: hasFileModes,
      sandbox: false,
      storedKeys: true,
      urlLink: false,
      miniProgram: true,
      officialAccount: Boolean(env['OA_APPID']),
      wechatProxy: false,
      oidc: env['OIDC'] === 'on',
    })
    return {
      plan,
      checks: { settings: async () => settingsDoNotFit(config) },
      close: async () => {},
    }
  }
  const { production, database, listen, tokens } = config
  const { sandbox } = config
  const officialAccount = config.officialAccount.credentials
  const { urlLink } = config.tickets
  const toClose: (() => Promise<void>)[] = []
  const closing: Wiring['closing'] = (close) => void toClose.push(close)
  const open = once(async () => {
    const connection = await openDatabase(database.url, silent)
    closing(connection.close)
    return connection.db
  })
  const { signingKeys } = tokens
  const rsa = config.oidc !== null
  const signers = once(async () =>
    signingKeys === null
      ? storedSigners(await open(), { tokenTtl: tokens.ttl, rsa })
      : givenSigners(signingKeys, rsa),
  )
  const local = localUrl(listen.host, listen.port)
  const inside = sandbox ? sandboxAccess(local) : null
  const apiBase = inside?.apiBase ?? config.wechat.apiBase
  const miniProgram = inside ?? config.wechat.credentials
  const url = listen.publicUrl ?? local
  const wiring: Wiring = {
    config,
    url,
    apiBase,
    miniProgram,
    officialAccount,
    open,
    signers,
    now,
    ca,
    closing,
  }
  const given = [config.wechat.credentials, officialAccount].filter((each) => each !== null)
  const appids = given.map(({ appid }) => appid)
  const checks: Checks = {
    settings: async () => {
      const problem = await problemOfLogo(config.look)
      return problem
        ? settingsDoNotFit({ problems: [problem.en], inChinese: [problem.zh] })
        : settingsFit({ production, appids })
    },
    'secret-files': async () => filesOf(secretFiles(env, dotEnv)),
    ...databaseChecks(wiring),
    ...serviceChecks(wiring),
    ...wechatChecks(wiring),
  }
  const storedKeys = signingKeys === null
  const plan = planOf({
    fileModes: hasFileModes,
    sandbox,
    storedKeys,
    urlLink,
    miniProgram: miniProgram !== null,
    officialAccount: officialAccount !== null,
    wechatProxy: config.wechat.proxy !== null,
    oidc: config.oidc !== null,
  })
  const close = async () => void (await Promise.all(toClose.map((each) => each())))
  return { plan, checks, close }
}

function filesOf(files: readonly string[]): Finding {
  const open = openToOthers(files)
  return checkSecretFiles({ files, open, command: commandToClose(open) })
}

function settingsOf(env: Examination['env']): Config | ConfigError {
  try {
    return readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

const databaseChecks = ({ config, open, signers, now }: Wiring): Checks => ({
  database: () => checkDatabase(config.database.url, open),
  migrations: async () => checkMigrations(await open()),
  'database-clock': async () =>
    checkDatabaseClock(await open(), now, { oidc: config.oidc !== null }),
  'signing-keys': () => checkSigningKeys(signers),
})

function serviceChecks({ config, url, open, signers, now, ca }: Wiring): Checks {
  const { production, http, wechat } = config
  const realPhones = wechat.credentials !== null && wechat.credentials.appid !== SANDBOX_APPID
  const ask = createAsk({ timeoutMs: LONGEST_MS / 2, ca })
  const ready = once(() => ask(`${url}/readyz`))
  const published = () => ask(`${url}/.well-known/jwks.json`)
  return {
    'public-url': () => checkPublicUrl({ url, production, realPhones, now }, ready),
    service: () => checkService(url, ready),
    cache: () => checkCache({ url, ask }),
    'published-keys': () => checkPublishedKeys(url, published, signers),
    proxy: async () => checkProxy({ url, trustProxy: http.trustProxy, ask, db: await open() }),
    ...openIdConnectChecks(config, { url, ask, open }),
  }
}

function openIdConnectChecks(
  { oidc, production, tokens }: Config,
  { url, ask, open }: Pick<Wiring, 'url' | 'open'> & { ask: Ask },
): Checks {
  if (oidc === null) return {}
  const { emailDomain } = oidc
  const reserved = [tokens.audience, tokens.audienceMiniprogram]
  return {
    oidc: () => checkDiscovery({ url, ask }),
    'oidc-clients': async () => checkClients(await open(), { reserved, production, emailDomain }),
  }
}

function wechatChecks(wiring: Wiring): Checks {
  const { config, url, apiBase, miniProgram, officialAccount, open, now, ca, closing } = wiring
  const { wechat } = config
  const { proxy } = wechat
  const timeoutMs = Math.min(wechat.timeoutMs, LONGEST_MS)
  const shared = { apiBase, timeoutMs, log: silent, closing }
  const ask = createAsk({ timeoutMs, ca })
  const greet = once(async () => {
    const before = now()
    // The wrong method, and no parameter: WeChat answers that it wants a POST.
    const url = `${apiBase}/cgi-bin/stable_token`
    const answer = await (proxy === null ? ask(url) : askThrough(proxy, url, { timeoutMs, ca }))
    return { answer, date: answer.headers.date, before, after: now() }
  })
  const who = {
    sandbox: config.sandbox,
    simulated: [miniProgram, officialAccount].some(
      (account) => account !== null && SANDBOX_APPIDS.includes(account.appid),
    ),
    apiBase,
  }
  return {
    ...(proxy !== null && { 'wechat-proxy': () => checkWechatProxy(proxy, greet) }),
    wechat: () => checkWechat(apiBase, async () => (await greet()).answer),
    'wechat-clock': async () => checkWechatClock(await greet()),
    ...(miniProgram && miniProgramChecks({ ...wechat, ...miniProgram, ...shared })),
    ...(officialAccount &&
      officialAccountChecks({
        ...wechat,
        ...officialAccount,
        ...shared,
        url,
        open,
        simulated: SANDBOX_APPIDS.includes(officialAccount.appid),
        isPublic,
        ask: createAsk({ timeoutMs: LONGEST_MS / 2, ca }),
        now,
      })),
    'real-wechat': async () => checkRealWechat(who),
  }
}
