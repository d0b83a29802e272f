import { errcodeOf, isOutage } from './failures.ts'

export type FetchedToken = {
  value: string
  /** Seconds, as WeChat says. */
  expiresIn: number
}

export type AccessToken = {
  /** The token that is held, else a new one. Throws what `fetch` throws. */
  get(): Promise<string>
  /** Forgets this token, unless it has been replaced by another one already. */
  drop(failed: string): void
  /** Gets the first token in the background. Never throws. */
  start(): void
  /**
   * How long ago WeChat gave the token that is held and how long it will live, in seconds; null while
   * there is none.
   */
  life(): { age: number; expiresIn: number } | null
  close(): void
}

/** Time for things that renew themselves; tests bring their own. */
export type Clock = {
  /** Milliseconds of a clock that never jumps; comparable only with itself. */
  now(): number
  /** Runs the task once after `ms` milliseconds; returns how to call it off. */
  after(ms: number, task: () => void): () => void
}

/** A wall clock that is set back would keep a dead token alive, so this one is monotonic. */
export const monotonicClock: Clock = {
  now: () => performance.now(),
  after(ms, task) {
    const timer = setTimeout(task, ms).unref()
    return () => clearTimeout(timer)
  },
}

const SECOND = 1000
/** WeChat gives a new token in the old one's last 300 s, and expires_in may be exactly 300. */
const MARGIN_MS = 240 * SECOND
/** A force_refresh by another program kills a token 5 minutes later at the earliest: look more often. */
const RECHECK_MS = 240 * SECOND
const LONGEST_PAUSE_MS = 60 * SECOND
const REMEMBER_MS = 10 * SECOND

/**
 * Holds WeChat's access token: one fetch at a time, renewed in the background before it ends, used
 * as long as it lives while WeChat is down.
 *
 * Every instance holds its own copy, without a lock or a shared row: unless a program forces a
 * refresh, stable_token gives every caller the same token, and renews it 5 minutes early with both
 * valid meanwhile, so instances cannot invalidate each other's.
 *
 * @see https://developers.weixin.qq.com/miniprogram/dev/server/API/mp-access-token/api_getstableaccesstoken.html
 */
export function createAccessToken(options: {
  /** Asks WeChat, once. Its failures are the fetcher's to log. */
  fetch: () => Promise<FetchedToken>
  clock?: Clock
}): AccessToken {
  const { fetch, clock = monotonicClock } = options
  let held: { value: string; askedAt: number; endsAt: number } | undefined
  let refused: { error: unknown; until: number } | undefined
  let flight: Promise<string> | undefined
  let failures = 0
  let cancelTimer = () => {}
  let closed = false

  function renew(): Promise<string> {
    flight ??= ask().finally(() => (flight = undefined))
    return flight
  }

  async function ask(): Promise<string> {
    // Counted from before the question, so the way to WeChat and back never lengthens a life.
    const askedAt = clock.now()
    try {
      const { value, expiresIn } = await fetch()
      held = { value, askedAt, endsAt: askedAt + expiresIn * SECOND }
      refused = undefined
      failures = 0
      schedule(renewalDelay(expiresIn * SECOND))
      return value
    } catch (error) {
      failures += 1
      if (isRefusal(error)) {
        refused = { error, until: clock.now() + REMEMBER_MS }
        schedule(LONGEST_PAUSE_MS)
      } else {
        schedule(Math.min(2 ** (failures - 1) * SECOND, LONGEST_PAUSE_MS) * jitter())
      }
      throw error
    }
  }

  function schedule(ms: number): void {
    cancelTimer()
    if (!closed) cancelTimer = clock.after(ms, renewInBackground)
  }

  function renewInBackground(): void {
    // The fetcher has logged the failure, and the next try is scheduled.
    renew().catch(() => {})
  }

  return {
    async get() {
      if (held !== undefined && clock.now() < held.endsAt) return held.value
      if (refused !== undefined && clock.now() < refused.until) throw refused.error
      return renew()
    },

    drop(failed) {
      // Comparing keeps a late failure of the old token from killing the new one.
      if (held?.value === failed) held = undefined
    },

    start: renewInBackground,

    life() {
      if (held === undefined) return null
      const now = clock.now()
      return {
        age: (now - held.askedAt) / SECOND,
        expiresIn: Math.max(0, held.endsAt - now) / SECOND,
      }
    },

    close() {
      closed = true
      cancelTimer()
    },
  }
}

/** An answer that the same question would only get again, such as a wrong secret or a used-up quota. */
function isRefusal(error: unknown): boolean {
  return errcodeOf(error) !== undefined && !isOutage(error)
}

/** Milliseconds until the next look. The floor is for servers with shorter lives than WeChat's. */
function renewalDelay(lifeMs: number): number {
  return Math.max(Math.min(RECHECK_MS, lifeMs - MARGIN_MS), Math.min(30 * SECOND, lifeMs / 2))
}

function jitter(): number {
  return 0.75 + Math.random() / 4
}
