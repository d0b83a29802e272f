import accepts from 'accepts'
import type { FastifyBaseLogger } from 'fastify'
import fp from 'fastify-plugin'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { getHeapStatistics } from 'node:v8'
import { AppError } from '../../errors.ts'
import type { Language } from '../../language.ts'
import type { Audience } from '../audience.ts'
import { errorBody } from '../error-response.ts'
import type { Gate } from '../gate.ts'
import type { Origins } from '../origins.ts'
import { createRequestIds } from '../request-id.ts'
import { pathOf, patternOf } from '../route-pattern.ts'

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
/** Bytes of answers that wait outside of the heap: code images are no JavaScript objects. */
const MOST_EXTERNAL = 192 * 1024 * 1024
const LOOK_EVERY_MS = 1_000

/** Restarting a busy instance, or sending its share to the others, would not help. */
const ALWAYS_ANSWERED: readonly Audience[] = ['operator']
/** A push is answered without the database, too: the person is told to scan again. */
const ANSWERED_WITHOUT_DATABASE: readonly Audience[] = [...ALWAYS_ANSWERED, 'wechat']
/** The callers of these are in the middle of signing in, and there are few of them. */
const SPARED_FOR_POLLS: readonly Audience[] = [...ANSWERED_WITHOUT_DATABASE, 'phone']

export type LoadSheddingOptions = {
  gate: Gate
  log: Pick<FastifyBaseLogger, 'warn'>
  /** Origins whose pages may read the refusal. */
  origins: Origins
  /** Polls that have not been answered yet. */
  pollsWaiting: () => number
  /** Whether more callers wait for the database than it can serve soon. */
  databaseBusy: () => boolean
  /** Called for every refusal: no hook of Fastify is. */
  onRefuse?: (() => void) | undefined
}

/**
 * Above capacity, requests are refused at once so that the others are answered in time: too many
 * polls wait, or too many statements, or the memory is nearly full. All that before Fastify: as its
 * first hook a refusal costs 43 µs instead of 23, as much as the poll that it refuses.
 */
export const loadShedding = fp<LoadSheddingOptions>(
  async (app, { gate, log, origins, pollsWaiting, databaseBusy, onRefuse }) => {
    const nextId = createRequestIds()
    const { external_memory: atFirst } = getHeapStatistics()
    let memoryFull = false
    let refused = 0

    const look = setInterval(() => {
      const { used_heap_size: used, heap_size_limit: limit, external_memory } = getHeapStatistics()
      memoryFull = used > limit * HEAP_LIMIT || external_memory - atFirst > MOST_EXTERNAL
      if (refused > 0) log.warn({ refused }, 'overloaded: requests were refused')
      refused = 0
    }, LOOK_EVERY_MS).unref()
    app.addHook('onClose', async () => clearInterval(look))

    const routes: { audience: Audience; pattern: RegExp }[] = []
    app.addHook('onRoute', ({ url, config }) => {
      if (config?.audience) routes.push({ audience: config.audience, pattern: patternOf(url) })
    })
    const isFor = (audiences: readonly Audience[], { url }: IncomingMessage): boolean =>
      routes.some(
        ({ audience, pattern }) => audiences.includes(audience) && pattern.test(pathOf(url)),
      )

    function isOverloaded(request: IncomingMessage): boolean {
      if (memoryFull) return !isFor(ALWAYS_ANSWERED, request)
      if (databaseBusy()) return !isFor(ANSWERED_WITHOUT_DATABASE, request)
      if (pollsWaiting() < MOST_POLLS_WAITING) return false
      return !isFor(SPARED_FOR_POLLS, request)
    }

    function refuse(request: IncomingMessage, response: ServerResponse): void {
      refused++
      onRefuse?.()
      const { origin = '' } = request.headers
      const [head, tail] = BODIES[languageOf(request)]
      const body = head + nextId() + tail
      const pause = SHORTEST_PAUSE_S + Math.floor(Math.random() * PAUSE_SPREAD_S)
      response.writeHead(REFUSAL.statusCode, {
        'content-type': 'application/json; charset=utf-8',
        'content-length': Buffer.byteLength(body),
        'cache-control': 'no-store',
        'retry-after': String(pause),
        vary: origins.any ? 'origin, accept-language' : 'accept-language',
        ...(origins.isListed(origin) && {
          'access-control-allow-origin': origin,
          'access-control-expose-headers': 'location, retry-after',
        }),
      })
      response.end(body)
    }

    gate.use((request, response) => {
      const overloaded = isOverloaded(request)
      if (overloaded) refuse(request, response)
      return overloaded
    })
  },
  { name: 'load-shedding' },
)

const REFUSAL = new AppError('OVERLOADED')
const BODIES: Record<Language, [string, string]> = { en: around('en'), zh: around('zh') }

/** What stands before and after the request's id in the body of the refusal. */
function around(language: Language): [string, string] {
  const [head = '', tail = ''] = JSON.stringify(errorBody(REFUSAL, language, '@')).split('@')
  return [head, tail]
}

/** Without a look at programs that do not speak of Chinese at all, which are most. */
const languageOf = (request: IncomingMessage): Language =>
  /zh/i.test(request.headers['accept-language'] ?? '') &&
  accepts(request).language(['en', 'zh']) === 'zh'
    ? 'zh'
    : 'en'
