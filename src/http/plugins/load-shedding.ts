import { getHeapStatistics } from 'node:v8'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../../errors.ts'
import type { Audience } from '../audience.ts'

/**
 * By Little's law so many are answered within 25 ms where a core answers 20,000 polls a second, and
 * within 60 ms on one that answers 8,000. More in here would only make every caller wait longer.
 */
const MOST_POLLS_WAITING = 500
/**
 * To refuse a poll costs half of what an answer does: what relieves is that it comes back later than
 * it would have, and not all of them in the same second.
 */
const SHORTEST_PAUSE_S = 5
const PAUSE_SPREAD_S = 5
const HEAP_LIMIT = 0.85
const LOOK_EVERY_MS = 1_000

/** Restarting a busy instance, or sending its share to the others, would not help. */
const ALWAYS_ANSWERED: Audience = 'operator'
/** A phone's caller is in the middle of signing in, and there are few of them. */
const NOT_FOR_POLLS: Audience = 'phone'

export type LoadSheddingOptions = {
  log: Pick<FastifyBaseLogger, 'warn'>
  /** Polls that have not been answered yet. */
  pollsWaiting: () => number
  /** Whether more callers wait for the database than it can serve soon. */
  databaseBusy: () => boolean
  /** Called for every refusal. */
  onRefuse?: (() => void) | undefined
}

/**
 * Above capacity, requests are refused at once so that the others are answered in time: too many
 * polls wait, or too many statements, or the heap is nearly full.
 */
export const loadShedding = fp<LoadSheddingOptions>(
  async (app, { log, pollsWaiting, databaseBusy, onRefuse }) => {
    let heapFull = false
    let refused = 0

    const look = setInterval(() => {
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
      heapFull = used > limit * HEAP_LIMIT
      if (refused > 0) log.warn({ refused }, 'overloaded: requests were refused')
      refused = 0
    }, LOOK_EVERY_MS).unref()
    app.addHook('onClose', async () => clearInterval(look))

    app.addHook('onRequest', (request, _reply, done) => {
      if (!isOverloaded(request)) return done()
      refused++
      onRefuse?.()
      const retryAfter = SHORTEST_PAUSE_S + Math.floor(Math.random() * PAUSE_SPREAD_S)
      return done(new AppError('OVERLOADED', { retryAfter }))
    })

    function isOverloaded(request: FastifyRequest): boolean {
      const { audience } = request.routeOptions.config
      if (audience === ALWAYS_ANSWERED) return false
      if (databaseBusy() || heapFull) return true
      return pollsWaiting() >= MOST_POLLS_WAITING && audience !== NOT_FOR_POLLS
    }
  },
  { name: 'load-shedding' },
)
