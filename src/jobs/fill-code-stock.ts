import { setTimeout as sleep } from 'node:timers/promises'
import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import { repeat } from './repeat.ts'
import { CODE_PAUSE_MS, stockCode, type CodeStock } from '../tickets/code-stock.ts'

/** A stock that falls is seen within a second or so; a full one costs a small statement for it. */
const LOOK_MS = 1_000
const FIRST_WAIT_MS = 1_000
const LONGEST_WAIT_MS = 60_000
/** Timers may be a moment early, the lease is not. */
const TIMER_SLACK_MS = 5

/**
 * Fills the stock of codes in the background, and again when it falls. After a failure it waits,
 * twice as long each time until a code is made: a WeChat that is down or refuses our settings is
 * asked, and makes a line in the log, once a minute in the end.
 *
 * @param options.makeImage makes the code of a scene; where WeChat's client fails it has a line in the
 *   log already
 * @returns stops it; a code that is being made is not waited for
 */
export function fillCodeStock(options: {
  db: Db
  stock: CodeStock
  makeImage: (scene: string) => Promise<Uint8Array>
  log: Record<'warn' | 'debug', (details: object, message: string) => void>
  /** For tests, milliseconds. */
  lookMs?: number
  firstWaitMs?: number
}): () => Promise<void> {
  const { db, stock, makeImage, log, lookMs = LOOK_MS, firstWaitMs = FIRST_WAIT_MS } = options
  let failures = 0
  let waitsUntil = 0

  return repeat({
    everyMs: lookMs,
    task: async (signal) => {
      if (performance.now() < waitsUntil) return
      while (await stockCode(db, stock, makeImage, signal)) {
        failures = 0
        await sleep(CODE_PAUSE_MS + TIMER_SLACK_MS)
      }
    },
    onError: (error) => {
      const asked = error instanceof AppError ? (error.retryAfter ?? 0) * 1_000 : 0
      const waitMs = Math.max(asked, Math.min(firstWaitMs * 2 ** failures, LONGEST_WAIT_MS))
      failures++
      waitsUntil = performance.now() + waitMs
      const message = 'no code could be made in advance; it will try again'
      if (error instanceof AppError) {
        log.debug({ code: error.code, waitMs }, message)
      } else {
        log.warn({ err: error, waitMs }, message)
      }
    },
  })
}
