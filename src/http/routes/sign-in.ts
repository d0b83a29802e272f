import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { InteractionResults } from 'oidc-provider'
import { Type } from 'typebox'
import type { Db } from '../../db/pool.ts'
import { AppError } from '../../errors.ts'
import { ACR } from '../../tokens/acr.ts'
import { INTERACTION_COOKIE } from '../../oidc/configuration.ts'
import { readInteractionToken } from '../../oidc/interaction-token.ts'
import { audienceOf, settleInteraction } from '../../oidc/interactions.ts'
import { resumeUrlOf } from '../../oidc/provider.ts'
import type { Keyring } from '../../tokens/keyring.ts'
import type { Opened, OpenInteraction } from '../open-interaction.ts'

export type SignInRoutesOptions = {
  db: Db
  keyring: Keyring
  publicUrl: string
  tokenIssuer: string
  /** The database's clock, in seconds since 1970. */
  clock: () => Promise<number>
  openInteraction: OpenInteraction
}

const PARAMS = Type.Object({ uid: Type.String() })

/** How a sign-in to another app ends: its page has the login token, or the person gives up. */
export const signInRoutes: FastifyPluginAsyncTypebox<SignInRoutesOptions> = async (
  app,
  { db, keyring, publicUrl, tokenIssuer, clock, openInteraction },
) => {
  const schema = { hide: true, params: PARAMS }
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

function mustBeOpen(opened: Opened): Extract<Opened, { state: 'open' }> {
  if (opened.state === 'open') return opened
  if (opened.state === 'finished') throw new AppError('ALREADY_CONFIRMED')
  throw invalid(
    opened.state === 'foreign'
      ? 'it has no cookie of this sign-in: finish it in the browser that began it'
      : 'this sign-in is over: begin again at the app',
  )
}

const tokenOf = ({ headers }: FastifyRequest): string =>
  /^bearer +([\w.-]{1,4096})$/i.exec(headers.authorization ?? '')?.[1] ?? ''

const invalid = (detail: string): AppError => new AppError('INVALID_REQUEST', { detail })
