import { AppError } from '../errors.ts'
import type { Person } from '../identity.ts'
import { createAccount, type Account, type AccountOptions } from './account.ts'
import type { MiniProgramSettings } from './errcodes/entry.ts'
import { refusalError } from './errcodes/lookup.ts'
import { unexpected, type WechatLog } from './failures.ts'
import { imageType, type ImageType } from './image-type.ts'
import { createSpentCodes } from './login-codes.ts'
import { isId, unionidIn } from './person.ts'
import { createUrlLinks, LINK_DAYS } from './url-link.ts'

const APIS = ['getwxacodeunlimit', 'generate_urllink', 'jscode2session'] as const

export type CodeImage = { contentType: ImageType; bytes: Buffer }

export type MiniProgram = Omit<Account<(typeof APIS)[number]>, 'call' | 'callWithToken'> & {
  /**
   * Turns a login code into who it is. A login code is sent to WeChat once, also where that fails.
   *
   * @param about what a log line of this call says beside: whose request it was
   * @throws {AppError} `LOGIN_CODE_INVALID`, `LOGIN_CODE_USED`, `WECHAT_USER_BLOCKED`,
   * `WECHAT_USER_RATE_LIMITED`, `WECHAT_ERROR`, `WECHAT_MISCONFIGURED`, `WECHAT_BUSY`, `WECHAT_TIMEOUT`
   */
  codeToSession(loginCode: string, about?: object): Promise<Person>
  /**
   * The mini program code of a scene (`[A-Za-z0-9_-]`, at most 32 characters).
   *
   * @param about what a log line of this call says beside: whose request it was
   * @throws {AppError} `WECHAT_ERROR`, `WECHAT_MISCONFIGURED`, `WECHAT_BUSY`, `WECHAT_TIMEOUT`
   */
  codeImage(scene: string, about?: object): Promise<CodeImage>
  /**
   * WeChat's URL Link of a scene: an address that opens the mini program from a phone's browser. All
   * scenes share one, which is made anew each day.
   *
   * @param about what a log line of this call says beside: whose request it was
   * @throws {AppError} `WECHAT_ERROR`, `WECHAT_MISCONFIGURED`, `WECHAT_BUSY`, `WECHAT_TIMEOUT`
   */
  urlLink(scene: string, about?: object): Promise<string>
}

/**
 * The account of a mini program.
 *
 * @param options.codeWidth pixels, 280 to 1280
 * @param options.takesMockCodes asks about the login code of a developer tool without an AppID as well,
 *   which the sandbox alone knows
 */
export function createMiniProgram(
  options: AccountOptions & MiniProgramSettings & { takesMockCodes?: boolean },
): MiniProgram {
  const { appid, secret, apiBase, page, envVersion, checkPath, codeWidth } = options
  const { call, callWithToken, ...account } = createAccount({
    ...options,
    apis: APIS,
    refused: (api, refusal) => refusalError(api, refusal, options),
  })
  const spentCodes = createSpentCodes()

  return {
    ...account,

    async codeToSession(loginCode, about) {
      const isMock = options.takesMockCodes === true && MOCK_CODE.test(loginCode)
      if (!isMock && !LOGIN_CODE.test(loginCode)) throw noLoginCode(loginCode, options.log, about)
      // It is the same one every time.
      if (!isMock) spentCodes.spend(loginCode)
      const query = { appid, secret, js_code: loginCode, grant_type: 'authorization_code' }
      try {
        return await call(
          'jscode2session',
          {
            method: 'GET',
            path: '/sns/jscode2session',
            query,
            idempotent: false,
            secrets: [loginCode],
          },
          (_, json) => personIn(json(), appid),
          about,
        )
      } catch (error) {
        if (error instanceof AppError && !isMock) spentCodes.failed(loginCode, error)
        throw error
      }
    },

    codeImage: (scene, about) =>
      callWithToken(
        'getwxacodeunlimit',
        {
          method: 'POST',
          path: '/wxa/getwxacodeunlimit',
          body: { scene, page, env_version: envVersion, check_path: checkPath, width: codeWidth },
          idempotent: true,
        },
        (bytes, json) => {
          const contentType = imageType(bytes)
          if (contentType !== undefined) return { contentType, bytes }
          json()
          throw unexpected('the answer is neither an image nor an error')
        },
        about,
      ),

    urlLink: createUrlLinks((about) =>
      callWithToken(
        'generate_urllink',
        {
          method: 'POST',
          path: '/wxa/generate_urllink',
          body: { path: page, env_version: envVersion, expire_type: 1, expire_interval: LINK_DAYS },
          idempotent: true,
        },
        (_, json) => {
          const link = safeLink(json()['url_link'], apiBase)
          if (link === undefined) throw unexpected('no url_link in it that is safe to open')
          return link
        },
        about,
      ),
    ),
  }
}

/** WeChat's own have 32 of these. */
const LOGIN_CODE = /^[A-Za-z0-9_-]{1,128}$/
/** What the developer tool's wx.login gives while the tool has no AppID. */
const MOCK_CODE = /\bmock\b/i

/** WeChat cannot have made it, so WeChat need not be asked. */
function noLoginCode(loginCode: string, log: WechatLog, about: object = {}): AppError {
  if (MOCK_CODE.test(loginCode)) {
    log.info(
      {
        ...about,
        action:
          'Set appid in project.config.json to the AppID of your mini program, and open the project with an account that may develop it.',
      },
      "the developer tool runs without an AppID: its login codes are mock ones, which WeChat's servers do not know",
    )
  }
  return new AppError('LOGIN_CODE_INVALID')
}

function personIn(answer: Record<string, unknown>, appid: string): Person {
  const { openid } = answer
  if (typeof openid !== 'string' || openid === '') throw unexpected('no openid in it')
  if (!isId(openid)) throw unexpected('an openid that is none')
  return { appid, openid, unionid: unionidIn(answer) }
}

/** WeChat's own links have some 30 characters. */
const LONGEST_LINK = 1024

/**
 * The link in an answer, where it is safe to send people there; undefined otherwise. It has to be
 * https, or http where the API itself is called by http, as a sandbox is.
 */
export function safeLink(value: unknown, apiBase: string): string | undefined {
  if (typeof value !== 'string' || !URL.canParse(value)) return undefined
  const { protocol, href } = new URL(value)
  const safe = protocol === 'https:' || protocol === new URL(apiBase).protocol
  return safe && href.length <= LONGEST_LINK ? href : undefined
}
