import { createHash } from 'node:crypto'
import { AppError } from '../errors.ts'
import type { ErrorCode } from '../errors.ts'
import { isPause } from './failures.ts'

/** A login code lives 5 minutes; one more for a phone that was slow. */
const keepMs = 6 * 60_000
/** Some 3 MB at the most; the oldest go first. */
const maxCodes = 20_000

const finalAnswers = new Set<ErrorCode>(['LOGIN_CODE_INVALID', 'WECHAT_USER_BLOCKED'])

export type SpentCodes = {
  /**
   * Marks a login code as sent.
   *
   * @throws {AppError} when it was sent before: what WeChat said to it then, else `LOGIN_CODE_USED`.
   */
  spend(loginCode: string): void
  /** Learns how it ended: a code that never left is as good as new, a final no is final. */
  failed(loginCode: string, error: AppError): void
}

/**
 * The login codes this replica has sent to WeChat. A phone or a proxy that repeats its request
 * must not make us repeat ours. It is a cache: another replica, or this one restarted, sends the
 * code once more and gets 40163 from WeChat, the same answer.
 */
export function createSpentCodes(now: () => number = () => performance.now()): SpentCodes {
  const spent = new Map<string, { until: number; answer: ErrorCode }>()

  return {
    spend(loginCode) {
      for (const [key, { until }] of spent) {
        if (until > now() && spent.size < maxCodes) break
        spent.delete(key)
      }
      const key = digest(loginCode)
      const before = spent.get(key)
      if (before !== undefined) throw new AppError(before.answer)
      spent.set(key, { until: now() + keepMs, answer: 'LOGIN_CODE_USED' })
    },

    failed(loginCode, error) {
      const key = digest(loginCode)
      const entry = spent.get(key)
      if (isPause(error)) spent.delete(key)
      else if (entry !== undefined && finalAnswers.has(error.code)) entry.answer = error.code
    },
  }
}

/** A key of fixed size; and no login code lies about in memory. */
function digest(loginCode: string): string {
  return createHash('sha256').update(loginCode).digest('base64url')
}
