import { FifoMap } from 'toad-cache'
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
  const followers = new FifoMap<{ user: string; since: number }>(MOST_PEOPLE)

  return {
    now,
    tokens: createTokens({ now }),
    codesOfDay: createRateWindow({ limit: 100_000, windowMs: DAY_MS, now }),
    person: (user: string) => personOf(appid, user),
    /** @returns whether they have only now begun to follow */
    follow(user: string): boolean {
      const { openid } = personOf(appid, user)
      if (followers.get(openid)) return false
      followers.set(openid, { user, since: Math.floor(now() / 1_000) })
      return true
    },
    /** @returns whether they did follow */
    unfollow(user: string): boolean {
      const { openid } = personOf(appid, user)
      const did = followers.get(openid) !== undefined
      followers.delete(openid)
      return did
    },
    follower: (openid: string) => followers.get(openid),
  }
}
