import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import accepts from 'accepts'
import type { FastifyRequest } from 'fastify'
import { hash } from 'node:crypto'
import { Type } from 'typebox'
import type { Db } from '../../db/pool.ts'
import { AppError } from '../../errors.ts'
import { limitKey } from '../../ip-address.ts'
import { about } from '../../telemetry/ticket-events.ts'
import { findPendingChannel } from '../../tickets/code.ts'
import { imageType } from '../../wechat/image-type.ts'
import type { MiniProgram } from '../../wechat/mini-program.ts'
import type { CodeOf } from '../codes.ts'
import { createThrottle } from '../gcra.ts'
import type { GuessLimit } from '../guess-limit.ts'
import { varyBy } from '../negotiation.ts'
import * as schema from '../schemas.ts'
import { tooFast } from '../too-fast.ts'

export type CodeRoutesOptions = {
  db: Db
  codeOf: CodeOf
  /** Null: there is no route for the link. */
  makeLink: MiniProgram['urlLink'] | null
  guesses: GuessLimit
}

/** The code of a ticket, and the same in another form: a link for browsers of the very phone. */
export const codeRoutes: FastifyPluginAsyncTypebox<CodeRoutesOptions> = async (
  app,
  { db, codeOf, makeLink, guesses },
) => {
  const keepPace = createPace()

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
