import { hash } from 'node:crypto'
import { FifoMap } from 'toad-cache'
import { AppError, type ErrorCode } from '../errors.ts'
import { hasNotLeft, isPause } from './failures.ts'

/** A login code lives 5 minutes; one more for a phone that was slow. */
const KEEP_MS = 6 * 60_000
/** Some 4 MB at the most; the oldest go first. */
const MOST_CODES = 20_000

const FINAL_ANSWERS = new Set<ErrorCode>(['LOGIN_CODE_INVALID', 'WECHAT_USER_BLOCKED'])

export type SpentCodes = {
  /**
   * Marks a login code as sent.
   *
   * @throws {AppError} when it was sent before: what WeChat said to it then, else `LOGIN_CODE_USED`.
   */
  spend(loginCode: string): void
  /**
   * Notes how it ended: a login code that never left can be spent again, and a final refusal is
   * said again.
   */
  failed(loginCode: string, error: AppError): void
}

/**
 * The login codes this instance has sent to WeChat. A phone or a proxy that repeats its request
 * must not make us repeat ours. It is a cache: another instance, or this one restarted, sends the
 * login code once more and gets 40163 from WeChat, the same answer.
 */
export function createSpentCodes(now: () => number = () => performance.now()): SpentCodes {
  const spent = new FifoMap<{ until: number; answer: ErrorCode }>(MOST_CODES)

  return {
    spend(loginCode) {
      const key = digest(loginCode)
      const before = spent.get(key)
      if (before && before.until > now()) throw new AppError(before.answer)
      // As the newest, where it was there.
      spent.delete(key)
      spent.set(key, { until: now() + KEEP_MS, answer: 'LOGIN_CODE_USED' })
    },

    failed(loginCode, error) {
      const key = digest(loginCode)
      const entry = spent.get(key)
      if (isPause(error) || hasNotLeft(error)) spent.delete(key)
      else if (entry !== undefined && FINAL_ANSWERS.has(error.code)) entry.answer = error.code
    },
  }
}

/** A key of fixed size, and memory holds no login code. */
function digest(loginCode: string): string {
  return hash('sha256', loginCode, 'base64url')
}
