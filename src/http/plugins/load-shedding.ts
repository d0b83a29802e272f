import accepts from 'accepts'
import type { IncomingMessage, RequestListener, Server, ServerResponse } from 'node:http'
import { getHeapStatistics } from 'node:v8'
import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import { AppError } from '../../errors.ts'
import type { Language } from '../../language.ts'
import { createRequestIds } from '../malformed.ts'
import { errorBody } from './error-handler.ts'

/**
 * By Little's law so many are answered within 25 ms where a core answers 20,000 polls a second, and
 * within 60 ms on one that answers 8,000. More in here would only make everybody wait longer.
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

/** Restarting a busy replica, or sending its share to the others, helps nobody. */
const alwaysAnswered = new Set(['/livez', '/readyz'])

export type LoadSheddingOptions = {
  log: Pick<FastifyBaseLogger, 'warn'>
  /** Origins whose pages may read the refusal. */
  origins: readonly string[]
  /** Polls that have not been answered yet. */
  pollsWaiting: () => number
  /** Whether more callers wait for the database than it can serve soon. */
  databaseBusy: () => boolean
  /** Hears of every refusal: no hook of Fastify does. */
  onRefuse?: (() => void) | undefined
}

/**
 * Above capacity, requests are refused at once so that the others are answered in time: too many
 * polls wait, or too many statements, or the heap is nearly full. All that before Fastify, to
 * make a refusal as cheap as can be.
 */
export const loadShedding = fp<LoadSheddingOptions>(
  async (app, { log, origins, pollsWaiting, databaseBusy, onRefuse }) => {
    const nextId = createRequestIds()
    const error = new AppError('OVERLOADED')
    const bodies = { en: around(error, 'en'), zh: around(error, 'zh') }
    let heapFull = false
    let refused = 0

    const look = setInterval(() => {
      const { used_heap_size: used, heap_size_limit: limit } = getHeapStatistics()
      heapFull = used > limit * HEAP_LIMIT
      if (refused > 0) log.warn({ refused }, 'overloaded: requests were refused')
      refused = 0
    }, LOOK_EVERY_MS).unref()
    app.addHook('onClose', async () => clearInterval(look))

    function refuse(request: IncomingMessage, response: ServerResponse): void {
      refused++
      onRefuse?.()
      const { origin = '', 'accept-language': languages = '' } = request.headers
      const chinese = languages.includes('zh') && accepts(request).language(['en', 'zh']) === 'zh'
      const [head, tail] = bodies[chinese ? 'zh' : 'en']
      const body = head + nextId() + tail
      const pause = SHORTEST_PAUSE_S + Math.floor(Math.random() * PAUSE_SPREAD_S)
      response.writeHead(error.statusCode, {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
        'retry-after': String(pause),
        vary: origins.length > 0 ? 'origin, accept-language' : 'accept-language',
        ...(origins.includes(origin) && {
          'access-control-allow-origin': origin,
          'access-control-expose-headers': 'location, retry-after',
        }),
      })
      response.end(body)
    }

    const server = app.server as Server
    const [answer] = server.listeners('request') as [RequestListener]
    server.removeAllListeners('request')
    server.on('request', (request, response) => {
      const overloaded =
        databaseBusy() || heapFull || (pollsWaiting() >= MOST_POLLS_WAITING && isBrowsers(request))
      if (overloaded && !alwaysAnswered.has(request.url ?? '')) refuse(request, response)
      else answer(request, response)
    })
  },
  { name: 'load-shedding' },
)

/** Not a phone's: somebody is in the middle of signing in, and there are few of them. */
const isBrowsers = ({ method, url }: IncomingMessage): boolean =>
  method === 'GET' || url === '/ticket'

/** What stands before and after the request's id in the body of an error. */
function around(error: AppError, language: Language): [string, string] {
  const [head = '', tail = ''] = JSON.stringify(errorBody(error, language, '@')).split('@')
  return [head, tail]
}
