import { setTimeout as pause } from 'node:timers/promises'
import { AppError } from '../errors.ts'
import type { Breaker } from './breaker.ts'
import type { WechatApi } from './errcodes/entry.ts'
import { outcomeOf, type WechatCall } from './errcodes/outcome.ts'
import { hasNotLeft, isOutage, isPause, unexpected, WechatRefusal } from './failures.ts'
import { redact } from '../secrets.ts'
import type { Transport, WechatRequest } from './transport.ts'

/** WeChat's own texts have some 100 characters. */
const MOST_TEXT = 500

/** Takes from an answer what is wanted; `json` throws when the answer is an error, or no JSON. */
export type Take<T> = (bytes: Buffer, json: () => Record<string, unknown>) => T

export type Api = {
  /**
   * Calls one of WeChat's APIs and gives what `take` finds in the answer. Bounded by `timeoutMs`, or
   * twice that where a call may be repeated.
   *
   * @throws {AppError} one of the `WECHAT_…` codes, and for jscode2session `LOGIN_CODE_…`
   */
  call<T>(request: WechatRequest, take: Take<T>): Promise<T>
}

export function createApi(options: {
  name: WechatApi
  transport: Transport
  breaker: Breaker
  timeoutMs: number
  /** The error for an errcode. */
  refused: (refusal: WechatRefusal) => AppError
  /** Called with every request that was sent, a repetition too. */
  onCall?: ((call: WechatCall) => void) | undefined
}): Api {
  const { name, transport, breaker, timeoutMs, refused, onCall } = options

  function attempt<T>(request: WechatRequest, take: Take<T>, limitMs: number): Promise<T> {
    return breaker.run(async () => {
      const sentAt = performance.now()
      let errcode = '0'
      try {
        const bytes = await transport.send(request, limitMs)
        return take(bytes, () => parse(bytes, request.secrets))
      } catch (error) {
        errcode = outcomeOf(name, error)
        throw error
      } finally {
        onCall?.({ api: name, errcode, seconds: (performance.now() - sentAt) / 1000 })
      }
    })
  }

  function parse(bytes: Buffer, secrets: readonly string[]): Record<string, unknown> {
    // The Content-Type is not asked: jscode2session answers its JSON as text/plain.
    const answer = parseObject(bytes)
    if (answer === undefined) throw unexpected('the answer is no JSON object')
    const { errcode, errmsg } = answer
    // Success is errcode 0 or no errcode at all.
    if (errcode === undefined || errcode === 0) return answer
    if (typeof errcode !== 'number') throw unexpected('the answer has an errcode that is no number')
    const text = typeof errmsg === 'string' ? redact(errmsg, secrets).slice(0, MOST_TEXT) : ''
    throw refused(new WechatRefusal(errcode, text))
  }

  return {
    async call(request, take) {
      const startedAt = performance.now()
      let first: AppError
      try {
        return await attempt(request, take, timeoutMs)
      } catch (error) {
        // After a timeout the caller has waited long enough. What never left is as good as new.
        const harmless = request.idempotent && isOutage(error) && error.code !== 'WECHAT_TIMEOUT'
        if (!isOutage(error) || !(harmless || hasNotLeft(error))) throw error
        first = error
      }
      // The jitter keeps instances that failed together from coming back together.
      await pause(Math.min(100 + Math.random() * 200, timeoutMs / 2))
      const leftMs = 2 * timeoutMs - (performance.now() - startedAt)
      try {
        return await attempt(request, take, Math.max(1, Math.min(timeoutMs, Math.floor(leftMs))))
      } catch (error) {
        // The first error has the reason; that the breaker opened meanwhile says nothing new.
        throw isPause(error) ? first : error
      }
    },
  }
}

function parseObject(bytes: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(bytes.toString('utf8'))
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
    return value as Record<string, unknown>
  } catch {
    // The parser's own error quotes the answer, and the answer may hold a session key: drop it.
    return undefined
  }
}
