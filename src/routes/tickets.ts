import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import accepts from 'accepts'
import { decodeJwt } from 'jose'
import { Type } from 'typebox'
import type { Db } from '../db/schema.ts'
import { AppError } from '../errors.ts'
import { perAddress } from '../plugins/rate-limits.ts'
import { createThrottle } from '../plugins/throttle.ts'
import { varyBy } from '../plugins/vary.ts'
import { cancelTicket } from '../tickets/cancel.ts'
import { readCodeImage, storeCodeImage } from '../tickets/code-image.ts'
import { createTicket } from '../tickets/create.ts'
import type { Glances } from '../tickets/glance.ts'
import type { MatchMode } from '../tickets/match-code.ts'
import { pollTicket } from '../tickets/poll.ts'
import { intervalOf, type Windows } from '../tickets/ticket.ts'
import type { WechatClient } from '../wechat/client.ts'
import { imageType } from '../wechat/image-type.ts'
import { bearerHash } from './bearer.ts'
import { requesterOf } from './requester.ts'
import * as schema from './schemas.ts'

export type TicketRoutesOptions = {
  db: Db
  wechat: Pick<WechatClient, 'codeImage'>
  windows: Windows
  matchMode: MatchMode
  /** Tickets an address may create in a minute. */
  rateCreate: number
  /** How polls look at tickets. */
  glances: Glances
  /** Counts a miss (unknown scene, wrong secret) of a request's address; throws when too many. */
  onMiss: (request: Parameters<typeof requesterOf>[0]) => void
}

/** So many polls come free on top of the pace: a reload, a tab that wakes, an impatient person. */
const POLL_BURST = 10

/** The browser's side of a ticket. */
export const ticketRoutes: FastifyPluginAsyncTypebox<TicketRoutesOptions> = async (
  app,
  { db, wechat, windows, matchMode, rateCreate, glances, onMiss },
) => {
  // 65,536 waiting browsers each have a slot of their own, in 1.3 MB that never grow.
  const pace = createThrottle({ slots: 65_536 })
  const making = new Map<string, Promise<Uint8Array>>()

  app.post(
    '/ticket',
    {
      config: { rateLimit: perAddress('create', rateCreate) },
      preValidation: async (request) => {
        if (request.body === undefined) request.body = {}
      },
      schema: {
        tags: ['browser'],
        summary: 'Begin a sign-in',
        body: schema.CreateBody,
        response: {
          201: schema.CreatedTicket,
          ...schema.errors(...schema.bodyErrors, 'SCENE_TAKEN', 'RATE_LIMITED'),
        },
      },
    },
    async (request, reply) => {
      const ticket = await createTicket(db, {
        scene: request.body.scene,
        ttl: windows.ticket,
        requester: requesterOf(request),
      })
      return reply
        .code(201)
        .header('location', `/ticket/${ticket.scene}`)
        .send({
          scene: ticket.scene,
          secret: ticket.secret,
          status: 'pending',
          expires_in: ticket.expiresIn,
          interval: intervalOf('pending'),
          match_code: matchMode === 'off' ? null : ticket.matchCode,
          qrcode_url: `/ticket/${ticket.scene}/qrcode`,
        })
    },
  )

  app.get(
    '/ticket/:scene',
    {
      // A HEAD would take the token away and return none of it.
      exposeHeadRoute: false,
      schema: {
        tags: ['browser'],
        summary: 'Poll: has somebody signed in?',
        security: [{ secret: [] }],
        params: schema.SceneParams,
        response: {
          200: schema.TicketState,
          ...schema.errors('BAD_SECRET', 'TICKET_NOT_FOUND', 'SLOW_DOWN', 'RATE_LIMITED'),
        },
      },
    },
    async (request) => {
      const { scene } = request.params
      const secretHash = bearerHash(request)
      // Only the holder's own secret is ever taken below, so a stranger cannot use this pace up.
      if (secretHash) refuse(pace.peek(secretHash))

      const poll = await missesCount(request, () =>
        pollTicket(db, { scene, secretHash: secretHash ?? '' }, glances),
      )
      const interval = intervalOf(poll.status)
      const { delivery } = poll
      if (!delivery) {
        refuse(pace.take(secretHash as string, (interval || 1) * 500, POLL_BURST))
        return { scene, status: poll.status, expires_in: poll.expiresIn, interval }
      }
      const { exp = 0 } = decodeJwt(delivery.token)
      return {
        scene,
        status: poll.status,
        expires_in: poll.expiresIn,
        interval,
        token: delivery.token,
        token_type: 'Bearer' as const,
        token_expires_in: Math.max(0, Math.ceil(exp - delivery.now)),
        user: { id: delivery.userId },
      }
    },
  )

  app.get(
    '/ticket/:scene/qrcode',
    {
      schema: {
        tags: ['browser'],
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
          ...schema.errors(
            'TICKET_NOT_FOUND',
            ...schema.goneErrors,
            ...schema.wechatErrors,
            'RATE_LIMITED',
          ),
        },
      },
    },
    async (request, reply) => {
      const { scene } = request.params
      const stored = await missesCount(request, () => readCodeImage(db, scene))
      const image = Buffer.from(stored ?? (await makeOnce(scene)))
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

  app.delete(
    '/ticket/:scene',
    {
      schema: {
        tags: ['browser'],
        summary: 'Give up',
        security: [{ secret: [] }],
        params: schema.SceneParams,
        response: {
          204: Type.Null({ description: 'Canceled' }),
          ...schema.errors(
            ...schema.bodyErrors,
            'BAD_SECRET',
            'TICKET_NOT_FOUND',
            'ALREADY_CONFIRMED',
            'TICKET_EXPIRED',
            'TICKET_DENIED',
            'TICKET_CONSUMED',
            'RATE_LIMITED',
          ),
        },
      },
    },
    async (request, reply) => {
      const secretHash = bearerHash(request) ?? ''
      const { scene } = request.params
      await missesCount(request, () => cancelTicket(db, { scene, secretHash }))
      return reply.code(204).send(null)
    },
  )

  /** One call to WeChat, however many browsers of this replica wait for the same code. */
  function makeOnce(scene: string): Promise<Uint8Array> {
    let made = making.get(scene)
    if (!made) {
      made = readCodeImage(db, scene)
        .then(async (stored) => {
          if (stored) return stored
          const { bytes } = await wechat.codeImage(scene)
          await storeCodeImage(db, scene, bytes)
          return bytes
        })
        .finally(() => making.delete(scene))
      making.set(scene, made)
    }
    return made
  }

  async function missesCount<T>(
    request: Parameters<typeof onMiss>[0],
    ask: () => Promise<T>,
  ): Promise<T> {
    try {
      return await ask()
    } catch (error) {
      const missed =
        error instanceof AppError &&
        (error.code === 'BAD_SECRET' || error.code === 'TICKET_NOT_FOUND')
      if (missed) onMiss(request)
      throw error
    }
  }
}

function refuse(waitMs: number): void {
  if (waitMs > 0) throw new AppError('SLOW_DOWN', { retryAfter: Math.ceil(waitMs / 1000) })
}
