import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { AppError, type ErrorCode } from '../../errors.ts'
import { deviceAudienceOf, type AskingDevice } from '../../oidc/find-device.ts'
import type { BeginTicket } from '../begin-ticket.ts'
import type { FindAsking } from '../asking-device.ts'
import { perAddress } from '../plugins/rate-limits.ts'
import * as schemas from '../schemas.ts'
import { withoutBody } from './sign-in.ts'

export type DeviceRoutesOptions = {
  publicUrl: string
  findAsking: FindAsking
  begin: BeginTicket
  /** Tickets that an address may create in a minute. */
  perMinute: number
}

/** The ticket that signs a device in (RFC 8628). */
export const deviceRoutes: FastifyPluginAsyncTypebox<DeviceRoutesOptions> = async (
  app,
  { publicUrl, findAsking, begin, perMinute },
) => {
  app.post(
    '/d/:user_code/ticket',
    {
      config: { audience: 'browser', cors: false, rateLimit: perAddress('create', perMinute) },
      preValidation: withoutBody,
      schema: {
        summary: 'Begin a ticket that signs a device in',
        params: schemas.UserCodeParams,
        querystring: schemas.CreateQuery,
        body: schemas.CreateBody,
        response: {
          201: schemas.CreatedTicket,
          ...schemas.errors(
            ...schemas.bodyErrors,
            'ORIGIN_NOT_ALLOWED',
            'TICKET_NOT_FOUND',
            'SCENE_TAKEN',
            'TICKET_EXPIRED',
            'TICKET_DENIED',
            'TICKET_CONSUMED',
            'RATE_LIMITED',
          ),
        },
      },
    },
    async (request, reply) => {
      const { userCode, client, device } = await findAsking(request, request.params.user_code)
      if (device.state !== 'waiting') throw new AppError(GONE[device.state])
      reply.header('vary', '*')
      return begin(request, reply, {
        ...request.body,
        image: request.query.image === 'true',
        requester: device.requester,
        requestedAgo: device.requestedAgo,
        relyingParty: {
          clientId: client.id,
          name: client.name,
          audience: deviceAudienceOf(publicUrl, userCode),
          device: userCode,
        },
      })
    },
  )
}

const GONE: Record<Exclude<AskingDevice['state'], 'waiting'>, ErrorCode> = {
  expired: 'TICKET_EXPIRED',
  declined: 'TICKET_DENIED',
  approved: 'TICKET_CONSUMED',
}
