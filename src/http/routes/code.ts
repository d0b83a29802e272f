import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import accepts from 'accepts'
import type { FastifyRequest } from 'fastify'
import { hash } from 'node:crypto'
import { Type } from 'typebox'
import type { Db } from '../../db/pool.ts'
import { AppError } from '../../errors.ts'
import { limitKey } from '../../ip-address.ts'
import { takeCode } from '../../limits/code-budget.ts'
import type { Counter } from '../../limits/count.ts'
import { about, type TicketEvents } from '../../telemetry/ticket-events.ts'
import { readCodeImage, readUrlLink, storeCodeImage, storeUrlLink } from '../../tickets/code.ts'
import { imageType } from '../../wechat/image-type.ts'
import type { MiniProgram } from '../../wechat/mini-program.ts'
import { createThrottle } from '../gcra.ts'
import type { GuessLimit } from '../guess-limit.ts'
import { varyBy } from '../negotiation.ts'
import * as schema from '../schemas.ts'
import { createSlots } from '../slots.ts'
import { tooFast } from '../too-fast.ts'

export type CodeRoutesOptions = {
  db: Db
  counter: Counter
  wechat: Pick<MiniProgram, 'codeImage' | 'urlLink'>
  /** Whether there is a route for the link, too. */
  urlLink: boolean
  guesses: GuessLimit
  note: TicketEvents['note']
}

/** The code of a ticket, and the same in another form: a link for browsers of the very phone. */
export const codeRoutes: FastifyPluginAsyncTypebox<CodeRoutesOptions> = async (app, options) => {
  const { db, wechat, urlLink } = options

  const codeOf = madeOnce<Uint8Array>(options, {
    read: (scene) => readCodeImage(db, scene),
    make: async (scene, line) => (await wechat.codeImage(scene, line)).bytes,
    store: (scene, image) => storeCodeImage(db, scene, image),
    told: 'code made',
  })

  app.get(
    '/ticket/:scene/qrcode',
    {
      config: { audience: 'browser' },
      schema: {
        summary: 'The code to scan',
        params: schema.SceneParams,
        response: {
          200: {
            description: 'The code: an image, or JSON for callers that ask for it',
            content: {
              'image/png': { schema: Type.String({ format: 'binary' }) },
              'image/jpeg': { schema: Type.String({ format: 'binary' }) },
              'application/json': { schema: schema.CodeImage },
            },
          },
          ...schema.errors(...schema.keptErrors),
        },
      },
    },
    async (request, reply) => {
      const image = Buffer.from(await codeOf(request, request.params.scene))
      const type = imageType(image)
      if (!type) throw new AppError('INTERNAL', { cause: new Error('a stored code is no image') })

      varyBy(reply, 'accept')
      reply.header('cross-origin-resource-policy', 'cross-origin')
      if (accepts(request.raw).type([type, 'json']) === 'json') {
        return reply
          .type('application/json; charset=utf-8')
          .send({ content_type: type, data: image.toString('base64') })
      }
      return reply.type(type).send(image as never)
    },
  )

  if (!urlLink) return
  const linkOf = madeOnce<string>(options, {
    read: (scene) => readUrlLink(db, scene),
    make: (scene, line) => wechat.urlLink(scene, line),
    store: (scene, link) => storeUrlLink(db, scene, link),
    told: 'link made',
  })

  app.get(
    '/ticket/:scene/link',
    {
      config: { audience: 'browser' },
      schema: {
        summary: 'The link that opens the mini program on a phone',
        params: schema.SceneParams,
        response: { 200: schema.TicketLink, ...schema.errors(...schema.keptErrors) },
      },
    },
    async (request) => ({ link: await linkOf(request, request.params.scene) }),
  )
}

/** A page loads a code once; tabs and reloads of one office load it a few times more. */
const PACE_MS = 1_000
const BURST = 60

/** Loads of one ticket's code from one address have a pace: each reads an image of 60 kB. */
function createPace(): (request: FastifyRequest, scene: string) => void {
  const throttle = createThrottle({ slots: 16_384 })
  return (request, scene) => {
    const key = hash('sha256', `${limitKey(request.ip)} ${scene}`, 'hex')
    const wait = throttle.take(key, PACE_MS, BURST)
    if (wait > 0) throw tooFast(wait)
  }
}

/** So many are read for one address at a time: the others are behind them, not before everybody. */
const READ_AT_ONCE = 4

const USED_UP = new Error(
  'the codes that may be made on demand in this minute are used up: look for a caller that creates tickets without end (RATE_CREATE)',
)

/** What WeChat makes for a ticket and the ticket keeps. */
type Made<T> = {
  /** Null where it is still to be made. */
  read(scene: string): Promise<T | null>
  /** @param line what a log line of the call to WeChat says beside */
  make(scene: string, line: object): Promise<T>
  store(scene: string, made: T): Promise<void>
  /** A line of the ticket's story. */
  told: string
}

/**
 * How a request gets it: made in advance, or when it is first asked for. One call to WeChat then,
 * however many browsers of this instance wait for the same.
 */
function madeOnce<T>(
  { counter, guesses, note }: Pick<CodeRoutesOptions, 'counter' | 'guesses' | 'note'>,
  { read, make, store, told }: Made<T>,
): (request: FastifyRequest, scene: string) => Promise<T> {
  const making = new Map<string, Promise<T>>()
  const keepPace = createPace()
  const inTurn = createSlots(READ_AT_ONCE)

  let finished = 0

  async function makeAndStore(request: FastifyRequest, scene: string): Promise<T> {
    const wait = await takeCode(counter, limitKey(request.ip))
    if (wait > 0) throw new AppError('WECHAT_BUSY', { retryAfter: wait / 1000, cause: USED_UP })
    const made = await make(scene, about(request, scene))
    await store(scene, made)
    note(request, scene, told)
    return made
  }

  return async (request, scene) => {
    keepPace(request, scene)
    guesses.admit(request, scene)
    const look = () =>
      inTurn(limitKey(request.ip), () => guesses.look(request, scene, () => read(scene)))
    const before = finished
    let stored = await look()
    // Another request's may have been stored since the database was asked.
    if (stored === null && !making.has(scene) && finished > before) stored = await look()
    if (stored !== null) return stored
    let made = making.get(scene)
    if (!made) {
      made = makeAndStore(request, scene).finally(() => {
        making.delete(scene)
        finished++
      })
      making.set(scene, made)
    }
    return made
  }
}
