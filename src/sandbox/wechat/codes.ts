import { createHash, randomBytes, randomInt } from 'node:crypto'
import { FifoMap } from 'toad-cache'
import { createRateWindow } from './rate-window.ts'

const LIFETIME_MS = 300_000
const MAX_CODES = 10_000
const ALPHABET = '0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'

/** What the developer tool's `wx.login` gives every time while the tool has no AppID. */
const MOCK_CODE = 'the code is a mock one'
/** Who such a tool signs in as. */
const TOOL_USER = 'devtools'

const BLOCKED = new Set(['mallory'])
const WITH_UNIONID = new Set(['alice', 'carol'])

export type Session = { session_key: string; openid: string; unionid?: string }

type Code = { user: string; expiresAt: number; used: boolean }

/** 28 characters that start with `o`, as WeChat's ids do. */
function idOf(...parts: string[]): string {
  return `o${createHash('sha256').update(parts.join('\n')).digest('base64url').slice(0, 27)}`
}

function newCode(): string {
  return Array.from({ length: 32 }, () => ALPHABET.charAt(randomInt(ALPHABET.length))).join('')
}

/** Who a person is in an account: an openid of its own, and for some a unionid, the same everywhere. */
export const personOf = (appid: string, user: string): { openid: string; unionid?: string } => ({
  openid: idOf('openid', appid, user),
  ...(WITH_UNIONID.has(user) && { unionid: idOf('unionid', user) }),
})

/** Login codes and the people behind them. An openid depends on nothing but appid and user name. */
export function createCodes({ appid, now }: { appid: string; now: () => number }) {
  const codes = new FifoMap<Code>(MAX_CODES)
  const perUser = createRateWindow({ limit: 100, windowMs: 60_000, now })

  const sessionOf = (user: string): Session => ({
    session_key: randomBytes(16).toString('base64'),
    ...personOf(appid, user),
  })

  return {
    /** What `wx.login` gives `user`: good once, for 5 minutes. */
    issue(user: string): string {
      const code = newCode()
      codes.set(code, { user, expiresAt: now() + LIFETIME_MS, used: false })
      return code
    },

    /**
     * The session of a code, or the errcode. A refusal for frequency leaves the code unused. The
     * developer tool's constant one is good any number of times, unlike at WeChat, so that a mini
     * program can be tried without an AppID.
     */
    redeem(code: string): Session | 40029 | 40163 | 40226 | 45011 {
      if (code === MOCK_CODE) {
        return perUser.take(TOOL_USER) ? sessionOf(TOOL_USER) : 45011
      }
      const known = codes.get(code)
      if (known === undefined || now() >= known.expiresAt) return 40029
      if (known.used) return 40163
      if (!perUser.take(known.user)) return 45011
      known.used = true
      if (BLOCKED.has(known.user)) return 40226
      return sessionOf(known.user)
    },
  }
}
