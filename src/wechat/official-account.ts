import { isIP } from 'node:net'
import { createAccount, type Account, type AccountOptions } from './account.ts'
import { officialRefusalError } from './errcodes/lookup.ts'
import { drawCode } from './draw-code.ts'
import { errcodeOf, unexpected } from './failures.ts'
import { unionidIn } from './person.ts'

const APIS = ['qrcode_create', 'user_info', 'callback_check'] as const

export type OfficialAccount = Omit<Account<(typeof APIS)[number]>, 'call' | 'callWithToken'> & {
  /**
   * The address that a code with this scene leads to; a QR code of it is the code.
   *
   * @param seconds how long WeChat remembers it: 60 to 2,592,000
   * @param about what a log line of this call says beside: whose request it was
   * @throws {AppError} `WECHAT_ERROR`, `WECHAT_MISCONFIGURED`, `WECHAT_BUSY`, `WECHAT_TIMEOUT`
   */
  codeAddress(scene: string, seconds: number, about?: object): Promise<string>
  /** The code itself: a PNG that we draw of that address. */
  codeImage(scene: string, seconds: number, about?: object): Promise<Buffer>
  /**
   * The person's unionid; null where the account is bound to no Open Platform account, or the person
   * does not follow it any more, or where the account may not ask.
   *
   * @throws {AppError} as `codeAddress`
   */
  unionidOf(openid: string, about?: object): Promise<string | null>
  /**
   * How WeChat sees the host of the URL that it pushes to, which stands in its console alone.
   *
   * @throws {AppError} as `codeAddress`
   */
  pushHost(): Promise<PushHost>
}

/** The IP addresses that WeChat finds for a host, and those of them that answer its ping. */
export type PushHost = { addresses: string[]; answering: string[] }

/** WeChat's bounds for the life of a code, in seconds. The lower one is in common use, and documented nowhere. */
const SHORTEST = 60
const LONGEST = 2_592_000

/**
 * A service account (服务号), or a test account.
 *
 * @param options.codeWidth of its codes, in pixels
 */
export function createOfficialAccount(
  options: AccountOptions & { codeWidth: number },
): OfficialAccount {
  const { appid, apiBase, codeWidth } = options
  const {
    call: _,
    callWithToken,
    ...account
  } = createAccount({
    ...options,
    apis: APIS,
    refused: (api, refusal) => officialRefusalError(api, refusal, appid),
  })

  const codeAddress: OfficialAccount['codeAddress'] = (scene, seconds, about) =>
    callWithToken(
      'qrcode_create',
      {
        method: 'POST',
        path: '/cgi-bin/qrcode/create',
        body: {
          expire_seconds: Math.min(Math.max(Math.ceil(seconds), SHORTEST), LONGEST),
          action_name: 'QR_STR_SCENE',
          action_info: { scene: { scene_str: scene } },
        },
        idempotent: true,
      },
      (_bytes, json) => {
        const address = codeAddressIn(json()['url'], apiBase)
        if (address === undefined) throw unexpected('no url in it that a code may lead to')
        return address
      },
      about,
    )

  return {
    ...account,
    codeAddress,
    codeImage: async (scene, seconds, about) =>
      drawCode(await codeAddress(scene, seconds, about), codeWidth, 'Q'),

    unionidOf: (openid, about) =>
      callWithToken<string | null>(
        'user_info',
        {
          method: 'GET',
          path: '/cgi-bin/user/info',
          query: { openid, lang: 'zh_CN' },
          idempotent: true,
        },
        (_bytes, json) => unionidIn(json()),
        about,
      ).catch((error: unknown) => {
        // An account without the right to ask has no unionids; the log has said so.
        if (errcodeOf(error) === 48001) return null
        throw error
      }),

    pushHost: () =>
      callWithToken(
        'callback_check',
        {
          method: 'POST',
          path: '/cgi-bin/callback/check',
          body: { action: 'all', check_operator: 'DEFAULT' },
          idempotent: true,
        },
        (_bytes, json) => {
          const { dns, ping } = json()
          if (!Array.isArray(dns)) throw unexpected('no list of addresses in it')
          const answered = listOf(ping).filter((each) => each['package_loss'] === '0%')
          return { addresses: ipsIn(listOf(dns)), answering: ipsIn(answered) }
        },
      ),
  }
}

type Row = Record<string, unknown>

const listOf = (value: unknown): Row[] =>
  Array.isArray(value)
    ? value.filter((each): each is Row => typeof each === 'object' && each !== null)
    : []

const ipsIn = (rows: Row[]): string[] =>
  rows.map(({ ip }) => ip).filter((ip): ip is string => typeof ip === 'string' && isIP(ip) !== 0)

/** WeChat's own have some 45 characters. */
const LONGEST_ADDRESS = 256

/**
 * The address in an answer, where it is WeChat's, or of the API's own host, as a sandbox's is. We draw
 * what it says, and people scan that: no other address may get into a code of ours.
 */
export function codeAddressIn(value: unknown, apiBase: string): string | undefined {
  if (typeof value !== 'string' || value.length > LONGEST_ADDRESS || !URL.canParse(value)) {
    return undefined
  }
  const { protocol, host, pathname, username, password } = new URL(value)
  const isWeb = (protocol === 'http:' || protocol === 'https:') && username + password === ''
  const isWechats = host === 'weixin.qq.com' && pathname.startsWith('/q/')
  return isWeb && (isWechats || host === new URL(apiBase).host) ? value : undefined
}
