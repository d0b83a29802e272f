import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { decodeJwt } from 'jose'
import { Type } from 'typebox'
import { AppError } from '../../errors.ts'
import { intervalOf, type TicketRules } from '../../tickets/ticket.ts'
import type { Tickets } from '../../tickets/verbs.ts'
import { bearerHash } from '../bearer.ts'
import { createThrottle } from '../gcra.ts'
import type { AddressLimits } from '../address-limits.ts'
import type { MissLimit } from '../miss-limit.ts'
import { perAddress } from '../plugins/rate-limits.ts'
import { requesterOf, type CountryOf } from '../requester.ts'
import * as schema from '../schemas.ts'

export type TicketRoutesOptions = {
  tickets: Tickets
  rules: TicketRules
  /** Tickets that an address may create in a minute. */
  perMinute: number
  countryOf: CountryOf
  limits: AddressLimits
  guesses: MissLimit
}

/**
 * So much of the pace comes free, ten polls of a pending ticket: a reload, a tab that wakes, an
 * impatient person. In milliseconds, so that it is no less once the interval is.
 */
const POLL_BURST_MS = 10_000

/**
 * Of the tickets that an address creates in a minute so many get a code from the stock, which is not
 * for the caller that asks most.
 */
const STOCK_SHARE = 20

/** The browser's side of a ticket. */
export const ticketRoutes: FastifyPluginAsyncTypebox<TicketRoutesOptions> = async (
  app,
  { tickets, rules, perMinute, countryOf, limits, guesses },
) => {
  // 65,536 waiting browsers each have a slot of their own, in 1.3 MB that never grow.
  const pace = createThrottle({ slots: 65_536 })

  app.post(
    '/ticket',
    {
      config: { audience: 'browser', rateLimit: perAddress('create', perMinute) },
      preValidation: async (request) => {
        if (request.body === undefined) request.body = {}
      },
      schema: {
        summary: 'Begin a sign-in',
        body: schema.CreateBody,
        response: {
          201: schema.CreatedTicket,
          ...schema.errors(
            ...schema.bodyErrors,
            'ORIGIN_NOT_ALLOWED',
            'SCENE_TAKEN',
            'RATE_LIMITED',
          ),
        },
      },
    },
    async (request, reply) => {
      const requester = requesterOf(request, countryOf)
      const fromStock = limits.seen(request, 'create') <= STOCK_SHARE
      const { scene } = request.body
      const ticket = await tickets.create({ scene, requester, fromStock }, request)
      return reply
        .code(201)
        .header('location', `/ticket/${ticket.scene}`)
        .send({
          scene: ticket.scene,
          secret: ticket.secret,
          status: 'pending',
          expires_in: ticket.expiresIn,
          interval: intervalOf('pending'),
          match_code: rules.matchMode === 'off' ? null : ticket.matchCode,
          qrcode_url: `/ticket/${ticket.scene}/qrcode`,
          ...(rules.urlLink ? { link_url: `/ticket/${ticket.scene}/link` } : {}),
        })
    },
  )

  app.get(
    '/ticket/:scene',
    {
      config: { audience: 'browser', poll: true },
      // A HEAD would take the token away and return none of it.
      exposeHeadRoute: false,
      schema: {
        summary: 'Poll: is the sign-in confirmed?',
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

      const poll = () => tickets.poll({ scene, secretHash: secretHash ?? '' }, request)
      // A secret that was right once is no guess.
      const known = secretHash !== null && pace.knows(secretHash)
      const { status, expiresIn, delivery } = await (known ? poll() : guesses.run(request, poll))
      const interval = intervalOf(status)
      if (!delivery) {
        const everyMs = (interval || 1) * 500
        refuse(pace.take(secretHash as string, everyMs, POLL_BURST_MS / everyMs))
        return { scene, status, expires_in: expiresIn, interval }
      }
      const { exp = 0 } = decodeJwt(delivery.token)
      return {
        scene,
        status,
        expires_in: expiresIn,
        interval,
        token: delivery.token,
        token_type: 'Bearer' as const,
        token_expires_in: Math.max(0, Math.ceil(exp - delivery.now)),
        user: { id: delivery.userId },
      }
    },
  )

  app.delete(
    '/ticket/:scene',
    {
      config: { audience: 'browser' },
      schema: {
        summary: 'Give up',
        security: [{ secret: [] }],
        params: schema.SceneParams,
        response: {
          204: Type.Null({ description: 'Canceled' }),
          ...schema.errors(
            ...schema.bodyErrors,
            'ORIGIN_NOT_ALLOWED',
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
      const { scene } = request.params
      const secretHash = bearerHash(request) ?? ''
      await guesses.run(request, () => tickets.cancel({ scene, secretHash }, request))
      return reply.code(204).send(null)
    },
  )
}

function refuse(waitMs: number): void {
  if (waitMs > 0) throw new AppError('SLOW_DOWN', { retryAfter: Math.ceil(waitMs / 1000) })
}
