import { ConfigError, readConfig, type Config } from '../config/config.ts'
import { createAsk } from './ask.ts'
import { checkDatabaseClock, checkWechatClock } from './clocks.ts'
import { checkDatabase, checkMigrations, openDatabase } from './database.ts'
import { failed, ok, type Finding } from './finding.ts'
import { checkPage } from './page.ts'
import { planOf, type Planned } from './plan.ts'
import { checkProxy } from './proxy.ts'
import { checkPublicUrl } from './public-url.ts'
import { once, runChecks, type Checks, type Result } from './run.ts'
import { checkPublishedKeys, checkService } from './service.ts'
import { checkSigningKeys, givenSigner, storedSigner } from './signing-keys.ts'
import * as wechatChecks from './wechat.ts'
import { localUrl } from '../config/urls.ts'
import { newScene } from '../tickets/secret.ts'
import { createMiniProgram } from '../wechat/mini-program.ts'
import { redact } from '../wechat/redact.ts'
import { SANDBOX_APPID, sandboxAccess } from '../config/sandbox.ts'

/** Whatever goes wrong is in the results, so nothing is logged. */
const silent = { debug() {}, info() {}, warn() {}, error() {} }
/** The longest that anybody waits for one call, whatever the service itself may wait. */
const LONGEST_MS = 10_000

export type Examination = {
  env: Readonly<Record<string, string | undefined>>
  onResult?: (result: Result, next: Planned | undefined) => void
  /** ms since 1970; for tests. */
  now?: () => number
  /** A certificate to trust; for tests. */
  ca?: string
}

/** Looks at a whole set-up: its settings, its database, the running service, and WeChat. */
export async function examine(options: Examination): Promise<Result[]> {
  const { env, onResult = () => {}, now = Date.now, ca } = options
  const hide = hider(env)
  const config = settingsOf(env)
  const wired = config instanceof ConfigError ? null : wire(config, now, ca)
  const plan = planOf({
    sandbox: wired?.sandbox ?? false,
    storedKeys: wired?.storedKeys ?? true,
    urlLink: wired?.urlLink ?? false,
  })
  const checks: Checks = { settings: async () => checkSettings(config), ...wired?.checks }
  try {
    const results = await runChecks(plan, checks, (result, next) => onResult(hide(result), next))
    return results.map(hide)
  } finally {
    await wired?.close()
  }
}

function settingsOf(env: Examination['env']): Config | ConfigError {
  try {
    return readConfig(env)
  } catch (error) {
    if (error instanceof ConfigError) return error
    throw error
  }
}

function checkSettings(config: Config | ConfigError): Finding {
  if (config instanceof ConfigError) {
    const names = config.problems.map((problem) => problem.split(' ', 1)[0])
    return failed(
      {
        en: `The settings do not fit:\n${config.problems.map((each) => `- ${each}`).join('\n')}`,
        zh: `配置项有误：${names.join('、')}。`,
      },
      {
        en: 'Correct them in the environment or in .env.',
        zh: '请在环境变量或 .env 中改正；要求见 README.zh-CN.md 的“配置项”一章。',
      },
    )
  }
  const { production, wechat } = config
  const who = wechat.credentials ? `AppID ${wechat.credentials.appid}` : null
  return ok({
    en: `The settings fit: ${production ? 'production' : 'not production'}, ${who ?? 'sandbox'}.`,
    zh: `配置项无误：${production ? '生产环境' : '非生产环境'}，${who ?? '沙箱'}。`,
  })
}

function wire(config: Config, now: () => number, ca: string | undefined) {
  const { production, database, http, tokens } = config
  const { credentials, urlLink, ...settings } = config.wechat
  const timeoutMs = Math.min(settings.timeoutMs, LONGEST_MS)
  const local = localUrl(http.host, http.port)
  const url = http.publicUrl ?? local
  const sandbox = credentials === null
  const { appid, secret, apiBase } = { ...settings, ...(credentials ?? sandboxAccess(local)) }
  const simulated = appid === SANDBOX_APPID

  const closing: (() => Promise<void>)[] = []
  const open = once(async () => {
    const connection = await openDatabase(database.url, silent)
    closing.push(connection.close)
    return connection.db
  })
  const { signingKeys } = tokens
  const signer = once(async () =>
    signingKeys === null ? storedSigner(await open(), tokens.ttl) : givenSigner(signingKeys),
  )

  const ask = createAsk({ timeoutMs: LONGEST_MS / 2, ca })
  const ready = once(() => ask(`${url}/readyz`))

  const clientFor = (changed: object) => {
    const all = { ...settings, appid, secret, apiBase, timeoutMs, log: silent, ...changed }
    const client = createMiniProgram(all)
    closing.push(() => client.close())
    return client
  }
  const about = { ...settings, appid }
  const set = { client: clientFor({}), settings: about }
  const authenticate = once(() => set.client.authenticate())
  const askWechat = createAsk({ timeoutMs, ca })
  const greet = once(async () => {
    const before = now()
    // The wrong method, and no parameter: WeChat answers that it wants a POST.
    const answer = await askWechat(`${apiBase}/cgi-bin/stable_token`)
    return { answer, date: answer.headers.date, before, after: now() }
  })

  const checks: Checks = {
    database: () => checkDatabase(database.url, open),
    migrations: async () => checkMigrations(await open()),
    'database-clock': async () => checkDatabaseClock(await open(), now),
    'signing-keys': () => checkSigningKeys(signer),
    'public-url': () =>
      checkPublicUrl({ url, production, realPhones: !sandbox && !simulated, now }, ready),
    service: () => checkService(url, ready),
    'published-keys': () =>
      checkPublishedKeys(url, () => ask(`${url}/.well-known/jwks.json`), signer),
    proxy: async () => checkProxy({ url, trustProxy: http.trustProxy, ask, db: await open() }),
    wechat: () => wechatChecks.checkWechat(apiBase, async () => (await greet()).answer),
    'wechat-clock': async () => checkWechatClock(await greet()),
    address: () => wechatChecks.checkAddress(set, authenticate),
    credentials: () => wechatChecks.checkCredentials(set, authenticate),
    page: () => checkPage(about, (variant) => clientFor(variant).codeImage(newScene())),
    'login-code': () => wechatChecks.checkLoginCode(set),
    'url-link': () => wechatChecks.checkUrlLink(set),
    'real-wechat': async () =>
      wechatChecks.checkRealWechat({ sandbox, simulated, apiBase, production }),
  }
  return {
    checks,
    sandbox,
    storedKeys: signingKeys === null,
    urlLink,
    close: async () => void (await Promise.all(closing.map((close) => close()))),
  }
}

/**
 * No check says anything secret. Should one ever, such as by an error of somebody else's, it is
 * taken out here. What is shorter than any secret would only take words apart.
 */
function hider(env: Examination['env']): (result: Result) => Result {
  const passwords = [env['DATABASE_URL'], env['DATABASE_READ_URL']].flatMap((url = '') => {
    const { password = '' } = URL.canParse(url) ? new URL(url) : {}
    return [password, safeDecode(password)]
  })
  const { WECHAT_SECRET = '', SIGNING_KEYS = '' } = env
  const keys = SIGNING_KEYS.startsWith('file:') ? '' : SIGNING_KEYS
  const secrets = [WECHAT_SECRET, keys, ...passwords].filter((each) => each.length >= 8)
  const hide = (text: string) => redact(text, secrets)
  const words = ({ en, zh }: { en: string; zh: string }) => ({ en: hide(en), zh: hide(zh) })
  return (result) => ({
    ...result,
    says: words(result.says),
    fix: result.fix && words(result.fix),
  })
}

function safeDecode(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text // a lone %: the driver takes it as it stands, too
  }
}
