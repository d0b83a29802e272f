import CircuitBreaker from 'opossum'
import { AppError } from '../errors.ts'
import { isOutage, WechatPaused, type WechatLog } from './failures.ts'

const RESET_MS = 5000
/**
 * Where calls are rare or take 5 s to time out, the window of 10 s never fills, and after a busy
 * minute it would take as long to tip over.
 */
const MOST_IN_A_ROW = 5

export type Breaker = {
  /**
   * Runs the work, unless WeChat has lately been in trouble.
   *
   * @throws {AppError} `WECHAT_BUSY` at once, with `retryAfter`, while open; `SHUTTING_DOWN` once closed.
   */
  run<T>(work: () => Promise<T>): Promise<T>
  /** Whether calls fail at once, all but the one that tries whether WeChat answers again. */
  isOpen(): boolean
  close(): void
}

/**
 * Keeps a dead WeChat from costing every request its full time limit: opens on trouble, lets one
 * call through after `resetMs` (milliseconds, 5000 by default) and closes when that one is answered.
 */
export function createBreaker(options: {
  /** The API's name, for the log. */
  name: string
  log: WechatLog
  resetMs?: number
}): Breaker {
  const { name, log, resetMs = RESET_MS } = options
  let shut = false
  let halfOpenAt = 0
  let inARow = 0

  const circuit = new CircuitBreaker((work: () => Promise<unknown>) => work(), {
    name,
    // The transport has a time limit of its own, and it covers the body.
    timeout: false,
    resetTimeout: resetMs,
    errorFilter: (error) => !isOutage(error),
    // Half of at least 5 calls in 10 s: the outage that comes and goes.
    errorThresholdPercentage: 50,
    volumeThreshold: 5,
    rollingPercentilesEnabled: false,
    enableSnapshots: false,
  })
  circuit.on('success', () => (inARow = 0))
  circuit.on('failure', () => {
    inARow += 1
    if (inARow >= MOST_IN_A_ROW) circuit.open()
  })
  circuit.on('open', () => {
    halfOpenAt = performance.now() + resetMs
    log.warn({ api: name }, 'WeChat is in trouble: calls fail at once until it answers again')
  })
  circuit.on('close', () => log.info({ api: name }, 'WeChat answers again'))

  return {
    async run<T>(work: () => Promise<T>): Promise<T> {
      if (shut) throw new AppError('SHUTTING_DOWN')
      try {
        return (await circuit.fire(work)) as T
      } catch (error) {
        if (!CircuitBreaker.isOurError(error as Error)) throw error
        throw new AppError('WECHAT_BUSY', {
          cause: new WechatPaused(`the breaker of ${name} is open`),
          retryAfter: Math.max(1, Math.ceil((halfOpenAt - performance.now()) / 1000)),
          action: `Calls of ${name} pause because the last ones failed: see the lines before.`,
        })
      }
    },

    isOpen: () => circuit.opened || circuit.halfOpen,

    close() {
      shut = true
      circuit.shutdown()
    },
  }
}
