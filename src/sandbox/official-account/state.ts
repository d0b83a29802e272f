import { personOf } from '../wechat/codes.ts'
import { createRateWindow } from '../wechat/rate-window.ts'
import { createTokens } from '../wechat/tokens.ts'

const DAY_MS = 86_400_000
const MOST_PEOPLE = 10_000

export type OfficialAccountState = ReturnType<typeof createOfficialAccountState>

/** What the simulated WeChat remembers of the service account: in memory, bounded, gone with the process. */
export function createOfficialAccountState(options: { appid: string; now: () => number }) {
  const { appid, now } = options
  /** By openid: who follows the account, and since when. */
  const followers = new Map<string, { user: string; since: number }>()

  return {
    now,
    tokens: createTokens({ now }),
    codesOfDay: createRateWindow({ limit: 100_000, windowMs: DAY_MS, now }),
    person: (user: string) => personOf(appid, user),
    /** @returns whether they have only now begun to follow */
    follow(user: string): boolean {
      const { openid } = personOf(appid, user)
      if (followers.has(openid)) return false
      if (followers.size >= MOST_PEOPLE) followers.delete(followers.keys().next().value as string)
      followers.set(openid, { user, since: Math.floor(now() / 1_000) })
      return true
    },
    /** @returns whether they did follow */
    unfollow: (user: string): boolean => followers.delete(personOf(appid, user).openid),
    follower: (openid: string) => followers.get(openid),
  }
}
