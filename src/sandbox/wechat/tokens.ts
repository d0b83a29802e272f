import { randomBytes, randomInt } from 'node:crypto'
import { createRateWindow } from './rate-window.ts'

const LIFETIME_MS = 7_200_000
const OVERLAP_MS = 300_000
const FORCE_PAUSE_MS = 30_000
const DAY_MS = 86_400_000
const KEPT = 8
const SHAPE = /^\d{2}_[A-Za-z0-9_-]{130}$/

export type TokenAnswer = { access_token: string; expires_in: number }

type Token = {
  value: string
  expiresAt: number
  /** When a newer token ends this one; null while it is the newest. */
  deadAt: number | null
}

function createFamily() {
  const tokens: Token[] = []

  return {
    newest: (): Token | undefined => tokens[0],

    find: (value: string): Token | undefined => tokens.find((token) => token.value === value),

    issue(at: number): Token {
      for (const [age, token] of tokens.entries()) {
        // Old and new both work for 5 minutes. What happens to A when C follows B within that time
        // is not documented: the strictest reading ends it at once.
        const overlaps = age === 0 && at < token.expiresAt
        token.deadAt = overlaps ? at + OVERLAP_MS : Math.min(token.deadAt ?? token.expiresAt, at)
      }
      const value = `${randomInt(10, 100)}_${randomBytes(98).toString('base64url').slice(0, 130)}`
      const issued = { value, expiresAt: at + LIFETIME_MS, deadAt: null }
      tokens.unshift(issued)
      tokens.length = Math.min(tokens.length, KEPT)
      return issued
    },
  }
}

/**
 * WeChat's two families of access tokens, which do not know each other: `stable` is what
 * /cgi-bin/stable_token gives, `plain` what /cgi-bin/token gives. Times are ms of `now`.
 */
export function createTokens({ now }: { now: () => number }) {
  const stable = createFamily()
  const plain = createFamily()
  const forced = createRateWindow({ limit: 20, windowMs: DAY_MS, now })
  let lastForced = -Infinity

  const answer = (token: Token, at: number): TokenAnswer => ({
    access_token: token.value,
    expires_in: Math.floor((token.expiresAt - at) / 1000),
  })

  function mayForce(at: number): boolean {
    if (at - lastForced < FORCE_PAUSE_MS || !forced.take()) return false
    lastForced = at
    return true
  }

  return {
    /**
     * The same token while it has 5 minutes or more to live, so `expires_in` is never below 300.
     * A forced refresh that comes too early or too often changes nothing and is no error.
     */
    stable(forceRefresh: boolean): TokenAnswer {
      const at = now()
      const held = stable.newest()
      const due = held === undefined || held.expiresAt - at < OVERLAP_MS
      return answer(due || (forceRefresh && mayForce(at)) ? stable.issue(at) : held, at)
    },

    /** A new token every time. */
    plain(): TokenAnswer {
      const at = now()
      return answer(plain.issue(at), at)
    },

    /** The errcode a call with this access token gets; 0 when it is good. */
    check(value: string): 0 | 40001 | 40014 | 42001 {
      if (!SHAPE.test(value)) return 40014
      const token = stable.find(value) ?? plain.find(value)
      if (token === undefined) return 40001
      const at = now()
      if (at < (token.deadAt ?? token.expiresAt)) return 0
      return at >= token.expiresAt ? 42001 : 40001
    },
  }
}
