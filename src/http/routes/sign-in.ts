import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { InteractionResults } from 'oidc-provider'
import type { Db } from '../../db/pool.ts'
import { AppError } from '../../errors.ts'
import { ACR } from '../../tokens/acr.ts'
import { INTERACTION_COOKIE } from '../../oidc/configuration.ts'
import { readInteractionToken } from '../../oidc/interaction-token.ts'
import { audienceOf, settleInteraction } from '../../oidc/interactions.ts'
import { resumeUrlOf } from '../../oidc/provider.ts'
import type { Keyring } from '../../tokens/keyring.ts'
import type { BeginTicket } from '../begin-ticket.ts'
import { mustBeOpen, type OpenInteraction } from '../open-interaction.ts'
import { perAddress } from '../plugins/rate-limits.ts'
import * as schemas from '../schemas.ts'

export type SignInRoutesOptions = {
  db: Db
  keyring: Keyring
  publicUrl: string
  tokenIssuer: string
  /** The database's clock, in seconds since 1970. */
  clock: () => Promise<number>
  openInteraction: OpenInteraction
  begin: BeginTicket
  /** Tickets that an address may create in a minute. */
  perMinute: number
}

/**
 * A sign-in to another app: its ticket, and how it ends. Its page has the login token then, or the person
 * gives up.
 */
export const signInRoutes: FastifyPluginAsyncTypebox<SignInRoutesOptions> = async (
  app,
  { db, keyring, publicUrl, tokenIssuer, clock, openInteraction, begin, perMinute },
) => {
  const schema = { hide: true, params: schemas.InteractionParams }
  const config = { audience: 'browser', cors: false } as const

  /** @throws {AppError} where it has been settled already, by a call at the same time */
  async function settle(
    reply: FastifyReply,
    uid: string,
    result: InteractionResults,
  ): Promise<{ redirect_to: string }> {
    if (!(await settleInteraction(db, uid, result))) throw new AppError('ALREADY_CONFIRMED')
    // The library leaves it; nothing can be done with it any more.
    const secure = publicUrl.startsWith('https:') ? '; Secure' : ''
    reply.header(
      'set-cookie',
      `${INTERACTION_COOKIE}=; Path=/sign-in/${uid}; Max-Age=0; HttpOnly; SameSite=Lax${secure}`,
    )
    return { redirect_to: resumeUrlOf(publicUrl)(uid) }
  }

  app.post(
    '/sign-in/:uid/ticket',
    {
      config: { ...config, rateLimit: perAddress('create', perMinute) },
      preValidation: withoutBody,
      schema: {
        summary: 'Begin a ticket that signs in to another app',
        params: schemas.InteractionParams,
        querystring: schemas.CreateQuery,
        body: schemas.CreateBody,
        response: {
          201: schemas.CreatedTicket,
          ...schemas.errors(
            ...schemas.bodyErrors,
            'ORIGIN_NOT_ALLOWED',
            'SCENE_TAKEN',
            'ALREADY_CONFIRMED',
            'RATE_LIMITED',
          ),
        },
      },
    },
    async (request, reply) => {
      const { uid } = request.params
      const { client } = mustBeOpen(await openInteraction(request, uid))
      reply.header('vary', '*')
      return begin(request, reply, {
        ...request.body,
        image: request.query.image === 'true',
        relyingParty: {
          clientId: client.id,
          name: client.name,
          audience: audienceOf(publicUrl, uid),
          device: null,
        },
      })
    },
  )

  app.post('/sign-in/:uid', { config, schema }, async (request, reply) => {
    const { uid } = request.params
    const { acrs } = mustBeOpen(await openInteraction(request, uid))
    const person = await readInteractionToken(tokenOf(request), {
      jwks: await keyring.jwks(),
      issuer: tokenIssuer,
      audience: audienceOf(publicUrl, uid),
      now: await clock(),
    })
    if (!person) throw invalid('its Authorization is not the token of a ticket of this sign-in')
    const { userId, authTime, amr, acr } = person
    return settle(reply, uid, {
      login: {
        accountId: userId,
        ts: authTime,
        amr,
        acr: acrFor(acr ?? ACR.scan, acrs),
        remember: false,
      },
      // The phone has asked, and has named the app.
      consent: {},
      select_account: {},
    })
  })

  app.delete('/sign-in/:uid', { config, schema }, async (request, reply) => {
    const { uid } = request.params
    mustBeOpen(await openInteraction(request, uid))
    return settle(reply, uid, {
      error: 'access_denied',
      error_description: 'the person has given up',
    })
  })
}

/** An app that asks for a scan is told so, though a number was chosen as well. */
const acrFor = (acr: string, wanted: readonly string[]): string =>
  !wanted.includes(acr) && wanted.includes(ACR.scan) ? ACR.scan : acr

const tokenOf = ({ headers }: FastifyRequest): string =>
  /^bearer +([\w.-]{1,4096})$/i.exec(headers.authorization ?? '')?.[1] ?? ''

const invalid = (detail: string): AppError => new AppError('INVALID_REQUEST', { detail })

/** A ticket may be created without a body. */
export async function withoutBody(request: FastifyRequest): Promise<void> {
  if (request.body === undefined) request.body = {}
}
