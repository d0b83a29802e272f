import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { decodeJwt } from 'jose'
import { Type } from 'typebox'
import type { Db } from '../../db/pool.ts'
import { AppError } from '../../errors.ts'
import type { CountryOf } from '../country.ts'
import { perAddress } from '../plugins/rate-limits.ts'
import type { Tell } from '../../telemetry/ticket-events.ts'
import { createThrottle } from '../gcra.ts'
import { cancelTicket } from '../../tickets/cancel.ts'
import { createTicket } from '../../tickets/create.ts'
import type { Glances } from '../../tickets/status-loader.ts'
import type { MatchMode } from '../../tickets/match-code.ts'
import { pollTicket } from '../../tickets/poll.ts'
import { intervalOf, type Windows } from '../../tickets/ticket.ts'
import { bearerHash } from '../bearer.ts'
import { countMiss, type OnMiss } from '../guess-limit.ts'
import { requesterOf } from '../requester.ts'
import * as schema from '../schemas.ts'

export type TicketRoutesOptions = {
  db: Db
  windows: Windows
  matchMode: MatchMode
  /** What codes in stock must be made for; null where there is no stock. */
  stock: string | null
  /** Whether tickets have a link, too. */
  urlLink: boolean
  /** Tickets an address may create in a minute. */
  rateCreate: number
  countryOf: CountryOf
  /** How polls look at tickets. */
  glances: Glances
  onMiss: OnMiss
  tell: Tell
}

/**
 * So much of the pace comes free, ten polls of a pending ticket: a reload, a tab that wakes, an
 * impatient person. In milliseconds, so that it is no less once the interval is.
 */
const POLL_BURST_MS = 10_000

/** The browser's side of a ticket. */
export const ticketRoutes: FastifyPluginAsyncTypebox<TicketRoutesOptions> = async (
  app,
  { db, windows, matchMode, stock, urlLink, rateCreate, countryOf, glances, onMiss, tell },
) => {
  // 65,536 waiting browsers each have a slot of their own, in 1.3 MB that never grow.
  const pace = createThrottle({ slots: 65_536 })

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
        requester: requesterOf(request, countryOf),
        stock,
      })
      const { fromStock } = ticket
      tell(request, ticket.scene, 'created', true, fromStock ? { stock: true } : undefined)
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
          ...(urlLink ? { link_url: `/ticket/${ticket.scene}/link` } : {}),
        })
    },
  )

  app.get(
    '/ticket/:scene',
    {
      config: { brief: true },
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

      let poll
      try {
        poll = await pollTicket(db, { scene, secretHash: secretHash ?? '' }, glances)
      } catch (error) {
        return countMiss(error, request, onMiss)
      }
      const interval = intervalOf(poll.status)
      const { delivery } = poll
      if (!delivery) {
        const everyMs = (interval || 1) * 500
        refuse(pace.take(secretHash as string, everyMs, POLL_BURST_MS / everyMs))
        return { scene, status: poll.status, expires_in: poll.expiresIn, interval }
      }
      tell(request, scene, 'delivered', delivery.first)
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
      const first = await cancelTicket(db, { scene, secretHash }).catch((error: unknown) =>
        countMiss(error, request, onMiss),
      )
      tell(request, scene, 'canceled', first)
      return reply.code(204).send(null)
    },
  )
}

function refuse(waitMs: number): void {
  if (waitMs > 0) throw new AppError('SLOW_DOWN', { retryAfter: Math.ceil(waitMs / 1000) })
}
