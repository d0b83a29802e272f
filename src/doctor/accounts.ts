import type { Db } from '../db/pool.ts'
import type { Words } from '../language.ts'
import { newScene } from '../tickets/secret.ts'
import { hasPeople } from '../users/find.ts'
import type { AccountOptions } from '../wechat/account.ts'
import type { MiniProgramSettings } from '../wechat/errcodes/entry.ts'
import { createMiniProgram } from '../wechat/mini-program.ts'
import { createOfficialAccount } from '../wechat/official-account.ts'
import type { Ask } from './ask.ts'
import { checkConsole, checkOfficialCode, checkPeople } from './official-account.ts'
import { checkPage } from './page.ts'
import { checkPushHost } from './push-host.ts'
import { checkPushUrl } from './push-url.ts'
import { checkPushes } from './pushes.ts'
import { once, type Checks } from './run.ts'
import { officialTrouble, trouble } from './trouble.ts'
import { checkAddress, checkCredentials, checkLoginCode, checkUrlLink } from './wechat.ts'

type Account = Pick<AccountOptions, 'appid' | 'secret' | 'apiBase' | 'timeoutMs' | 'log'> & {
  proxy: NonNullable<AccountOptions['proxy']> | null
  codeWidth: number
  /** Adds what is to be closed in the end. */
  closing: (close: () => Promise<void>) => void
}

/** What only the mini program's door needs. */
export function miniProgramChecks(account: Account & MiniProgramSettings): Checks {
  const { appid, page, envVersion, checkPath, codeWidth, closing } = account
  const settings = { appid, page, envVersion, checkPath, codeWidth }
  const miniProgramWith = (changed: Partial<typeof settings>) => {
    const miniProgram = createMiniProgram({ ...account, ...changed })
    closing(() => miniProgram.close())
    return miniProgram
  }
  const setUp = { miniProgram: miniProgramWith({}), settings }
  const authenticate = once(() => setUp.miniProgram.authenticate())
  const refused = (what: Words, error: unknown) =>
    trouble({ api: 'stable_token', what, settings }, error)
  return {
    address: () => checkAddress(refused, authenticate),
    credentials: () => checkCredentials(appid, refused, authenticate),
    page: () => checkPage(settings, (variant) => miniProgramWith(variant).codeImage(newScene())),
    'login-code': () => checkLoginCode(setUp),
    'url-link': () => checkUrlLink(setUp),
  }
}

/** What only the service account's door needs. */
export function officialAccountChecks(
  options: Account & {
    token: string
    aesKey: string | null
    /** Of the service, without a path. */
    url: string
    ask: Ask
    open: () => Promise<Db>
    /** ms since 1970 */
    now: () => number
  } & Pick<Parameters<typeof checkPushUrl>[0], 'simulated' | 'isPublic'>,
): Checks {
  const { appid, closing, url, open } = options
  let answered: string | undefined
  const account = createOfficialAccount({
    ...options,
    onCall({ api, errcode }) {
      if (api === 'user_info') answered = errcode
    },
  })
  closing(() => account.close())
  const authenticate = once(() => account.authenticate())
  const refused = (what: Words, error: unknown) =>
    officialTrouble({ api: 'stable_token', what, appid }, error)
  return {
    'oa-address': () => checkAddress(refused, authenticate),
    'oa-credentials': () => checkCredentials(appid, refused, authenticate),
    'oa-code': () => checkOfficialCode({ account, appid }),
    'oa-people': () => checkPeople({ account, appid, answered: () => answered }),
    'oa-url': () => checkPushUrl(options),
    'oa-pushes': () => checkPushes(options),
    'oa-host': () => checkPushHost({ ...options, account }),
    'oa-console': () => checkConsole(url, async () => hasPeople(await open(), appid)),
  }
}
