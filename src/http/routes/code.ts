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
import { findCode, findPendingChannel, storeCodeImage } from '../../tickets/code.ts'
import type { Channel } from '../../tickets/ticket.ts'
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
  /** Makes the code of a scene, of each door that is open. */
  codeMakers: Partial<Record<Channel, CodeMaker>>
  /** Null: there is no route for the link. */
  makeLink: MiniProgram['urlLink'] | null
  guesses: GuessLimit
  note: TicketEvents['note']
}

/** @param line what a log line of the call to WeChat says beside; gives the image */
export type CodeMaker = (scene: string, line: object) => Promise<Uint8Array>

/** The code of a ticket, and the same in another form: a link for browsers of the very phone. */
export const codeRoutes: FastifyPluginAsyncTypebox<CodeRoutesOptions> = async (app, options) => {
  const { db, makeLink, guesses } = options
  const keepPace = createPace()
  const codeOf = createCodes(options)

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
      keepPace(request, request.params.scene)
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

  if (!makeLink) return
  app.get(
    '/ticket/:scene/link',
    {
      config: { audience: 'browser' },
      schema: {
        summary: 'The link that opens the mini program on a phone',
        params: schema.SceneParams,
        response: { 200: schema.TicketLink, ...schema.errors(...schema.keptErrors, 'NOT_FOUND') },
      },
    },
    async (request) => {
      const { scene } = request.params
      keepPace(request, scene)
      guesses.admit(request, scene)
      const channel = await guesses.look(request, scene, () => findPendingChannel(db, scene))
      // An official account's code has no other form.
      if (channel !== 'miniprogram') throw new AppError('NOT_FOUND')
      return { link: await makeLink(scene, about(request, scene)) }
    },
  )
}

/** A page loads a code and a link once; tabs and reloads of one office load them a few times more. */
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

/** What each account's codes are counted as. */
const BUDGETS: Record<Channel, string> = { miniprogram: 'codes', official_account: 'oa_codes' }

const USED_UP = new Error(
  'the codes that may be made on demand in this minute are used up: look for a caller that creates tickets without end (RATE_CREATE)',
)

/**
 * How a request gets a code's image: made in advance, or when it is first asked for. One call to WeChat
 * then, however many browsers of this instance wait for the same.
 */
function createCodes({
  db,
  counter,
  codeMakers,
  guesses,
  note,
}: CodeRoutesOptions): (request: FastifyRequest, scene: string) => Promise<Uint8Array> {
  const making = new Map<string, Promise<Uint8Array>>()
  const inTurn = createSlots(READ_AT_ONCE)

  let finished = 0

  async function makeAndStore(
    request: FastifyRequest,
    scene: string,
    channel: Channel,
  ): Promise<Uint8Array> {
    const make = codeMakers[channel]
    // Its door was shut since it was created.
    if (!make) throw new AppError('TICKET_NOT_FOUND')
    const wait = await takeCode(counter, limitKey(request.ip), BUDGETS[channel])
    if (wait > 0) throw new AppError('WECHAT_BUSY', { retryAfter: wait / 1000, cause: USED_UP })
    const image = await make(scene, about(request, scene))
    await storeCodeImage(db, scene, image)
    note(request, scene, 'code made')
    return image
  }

  return async (request, scene) => {
    guesses.admit(request, scene)
    const look = () =>
      inTurn(limitKey(request.ip), () => guesses.look(request, scene, () => findCode(db, scene)))
    const before = finished
    let { image: stored, channel } = await look()
    // Another request's may have been stored since the database was asked.
    if (stored === null && !making.has(scene) && finished > before) {
      stored = (await look()).image
    }
    if (stored !== null) return stored
    let made = making.get(scene)
    if (!made) {
      made = makeAndStore(request, scene, channel).finally(() => {
        making.delete(scene)
        finished++
      })
      making.set(scene, made)
    }
    return made
  }
}
