import { hash } from 'node:crypto'
import type { Config } from './config/config.ts'
import { SANDBOX_APPID, sandboxAccess, sandboxOfficialAccount } from './config/sandbox.ts'
import { codeMakersOf, type Doors } from './http/doors.ts'
import { createConfirmLinks } from './sign-in/confirm-link.ts'
import type { CodeStock } from './tickets/code-stock.ts'
import { SCENE_PATTERN, type Channel } from './tickets/ticket.ts'
import type { WechatCall } from './wechat/errcodes/outcome.ts'
import type { WechatLog } from './wechat/failures.ts'
import { createMiniProgram, type MiniProgram } from './wechat/mini-program.ts'
import { createOfficialAccount, type OfficialAccount } from './wechat/official-account.ts'
import { createPushes } from './wechat/push/push.ts'

/** A stock, and how its codes are made. */
export type Stocked = { stock: CodeStock; makeImage: (scene: string) => Promise<Uint8Array> }

export type OpenDoors = {
  doors: Doors
  accounts: Partial<{ miniprogram: MiniProgram; official_account: OfficialAccount }>
  stocks: Stocked[]
  /** What codes in stock are made for; null where there is none. */
  madeFor: Record<Channel, string | null>
}

/** Codes in stock live as long as WeChat allows: 30 days. */
const STOCK_SECONDS = 2_592_000

/**
 * The accounts that people sign in through: those with credentials, or both of the sandbox's.
 *
 * @param options.local where this machine reaches the service itself
 */
export function openDoors(options: {
  config: Config
  local: string
  publicUrl: string
  log: WechatLog
  onCall: ((call: WechatCall) => void) | undefined
}): OpenDoors {
  const { config, local, publicUrl, log, onCall } = options
  const { credentials, ...wechat } = config.wechat
  const access = config.sandbox ? sandboxAccess(local) : credentials
  const oa = config.sandbox ? sandboxOfficialAccount : config.officialAccount.credentials
  const simulated = config.sandbox ? { apiBase: sandboxAccess(local).apiBase } : {}

  const takesMockCodes = access?.appid === SANDBOX_APPID
  const miniProgram =
    access && createMiniProgram({ ...wechat, ...access, takesMockCodes, log, onCall })
  const officialAccount =
    oa && createOfficialAccount({ ...wechat, ...simulated, ...oa, log, onCall })

  const doors: Doors = {
    miniprogram: miniProgram,
    officialAccount: oa && officialAccount && doorOf(oa, officialAccount, config),
  }
  const { madeFor, stocks } = stocksOf(config, doors, publicUrl)
  return {
    doors,
    accounts: {
      ...(miniProgram && { miniprogram: miniProgram }),
      ...(officialAccount && { official_account: officialAccount }),
    },
    stocks,
    madeFor,
  }
}

const SCENES = new RegExp(SCENE_PATTERN)

/** What the service makes of an official account: codes, pushes, links to the confirm page. */
export const doorOf = (
  credentials: NonNullable<Config['officialAccount']['credentials']>,
  account: OfficialAccount,
  { tickets, officialAccount }: Pick<Config, 'tickets' | 'officialAccount'>,
): NonNullable<Doors['officialAccount']> => ({
  appid: credentials.appid,
  makeCode: (scene, line) => account.codeImage(scene, tickets.windows.ticket, line),
  makeStockCode: (scene) => account.codeImage(scene, STOCK_SECONDS),
  pushes: createPushes({ ...credentials, isScene: (text) => SCENES.test(text) }),
  links: createConfirmLinks({ secret: credentials.secret, unionidOf: account.unionidOf }),
  unfollow: officialAccount.unfollow,
})

/** How scenes of the stock are made, so that instances of the version before have a stock of their own. */
const WAY = 'sealed'

/** A name for all that a code depends on: made for anything else, it would lead somewhere else. */
const nameOf = (...parts: unknown[]): string => hash('sha256', JSON.stringify(parts), 'hex')

function stocksOf(
  config: Config,
  doors: Doors,
  publicUrl: string,
): Pick<OpenDoors, 'madeFor' | 'stocks'> {
  const { page, envVersion, checkPath, codeWidth, apiBase } = config.wechat
  const { codeStock: size } = config.tickets
  // The sandbox's codes lead to its own pages; every instance behind one URL makes the same.
  const by = (appid: string) => (config.sandbox ? [appid, publicUrl] : [appid, apiBase])
  const miniProgram = config.wechat.credentials?.appid ?? SANDBOX_APPID
  const names: Record<Channel, string | null> = {
    miniprogram: doors.miniprogram
      ? nameOf(...by(miniProgram), page, envVersion, checkPath, codeWidth, WAY)
      : null,
    official_account: doors.officialAccount
      ? nameOf(...by(doors.officialAccount.appid), codeWidth, WAY)
      : null,
  }
  if (size === 0) return { madeFor: { miniprogram: null, official_account: null }, stocks: [] }
  const ours = Object.values(names).filter((name) => name !== null)
  const makers = codeMakersOf(doors)
  const stocks: Stocked[] = []
  if (names.miniprogram !== null && makers.miniprogram) {
    const make = makers.miniprogram
    const stock = { size, madeFor: names.miniprogram, ours }
    stocks.push({ stock, makeImage: (scene) => make(scene, {}) })
  }
  if (names.official_account !== null && doors.officialAccount) {
    const stock = { size, madeFor: names.official_account, ours, lease: 'code_stock_oa' }
    stocks.push({ stock, makeImage: doors.officialAccount.makeStockCode })
  }
  return { madeFor: names, stocks }
}
