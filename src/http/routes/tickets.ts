import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { decodeJwt } from 'jose'
import { Type } from 'typebox'
import { AppError } from '../../errors.ts'
import type { Decided } from '../../tickets/deliver.ts'
import { intervalOf } from '../../tickets/ticket.ts'
import type { Tickets } from '../../tickets/verbs.ts'
import { bearerHash } from '../bearer.ts'
import type { BeginTicket } from '../begin-ticket.ts'
import type { GuessLimit } from '../guess-limit.ts'
import { perAddress } from '../plugins/rate-limits.ts'
import type { PollPace } from '../poll-pace.ts'
import * as schema from '../schemas.ts'
import { tooFast } from '../too-fast.ts'

export type TicketRoutesOptions = {
  tickets: Tickets
  begin: BeginTicket
  /** Tickets that an address may create in a minute. */
  perMinute: number
  guesses: GuessLimit
  pace: PollPace
}

/** The browser's side of a ticket. */
export const ticketRoutes: FastifyPluginAsyncTypebox<TicketRoutesOptions> = async (
  app,
  { tickets, begin, perMinute, guesses, pace },
) => {
  /**
   * Whether a secret was right here before. It is no guess then, and has a pace, whatever became of
   * its ticket. A stranger cannot use that up: only right secrets are ever taken.
   *
   * @throws {AppError} `code`, where it comes too early
   */
  function isKnown(secretHash: string, code: TooFast): boolean {
    const known = secretHash !== '' && pace.knows(secretHash)
    if (known) refuse(pace.peek(secretHash), code)
    return known
  }

  /** An error that only the holder of the secret is told costs a statement, too. */
  function onError(error: unknown, known: boolean, secretHash: string): void {
    if (known || isForHolders(error)) pace.take(secretHash)
  }

  app.post(
    '/ticket',
    {
      config: { audience: 'browser', rateLimit: perAddress('create', perMinute) },
      preValidation: async (request) => {
        if (request.body === undefined) request.body = {}
      },
      schema: {
        summary: 'Begin a sign-in',
        querystring: schema.CreateQuery,
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
    (request, reply) =>
      begin(request, reply, { ...request.body, image: request.query.image === 'true' }),
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
      const secretHash = bearerHash(request) ?? ''
      const input = { scene, secretHash }
      const known = isKnown(secretHash, 'SLOW_DOWN')
      let seen: Decided
      try {
        seen = await (known
          ? tickets.poll(input, request)
          : guesses.run(request, () => tickets.poll(input, request)))
      } catch (error) {
        onError(error, known, secretHash)
        throw error
      }
      if (!known) guesses.learn(scene)
      const { status, expiresIn, delivery } = seen
      const interval = intervalOf(status)
      if (!delivery) {
        refuse(pace.take(secretHash, interval), 'SLOW_DOWN')
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
      const input = { scene: request.params.scene, secretHash: bearerHash(request) ?? '' }
      const known = isKnown(input.secretHash, 'RATE_LIMITED')
      const cancel = () => tickets.cancel(input, request)
      try {
        await (known ? cancel() : guesses.run(request, cancel))
      } catch (error) {
        onError(error, known, input.secretHash)
        throw error
      }
      pace.take(input.secretHash)
      return reply.code(204).send(null)
    },
  )
}

/** What became of a ticket is told with its secret alone. */
const isForHolders = (error: unknown): boolean =>
  error instanceof AppError && [409, 410].includes(error.statusCode)

type TooFast = 'SLOW_DOWN' | 'RATE_LIMITED'

function refuse(waitMs: number, code: TooFast): void {
  if (waitMs > 0) throw tooFast(waitMs, code)
}
