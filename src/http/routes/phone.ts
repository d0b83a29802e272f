import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import type { Db } from '../../db/pool.ts'
import { AppError } from '../../errors.ts'
import { recordOwnLogin, type Trail } from '../../audit/record.ts'
import { sameIdentity, type Person } from '../../identity.ts'
import { plainAddress } from '../../ip-address.ts'
import type { CountryOf } from '../country.ts'
import { perAddress } from '../plugins/rate-limits.ts'
import { about, type Tell } from '../../telemetry/ticket-events.ts'
import { confirmTicket } from '../../tickets/confirm.ts'
import { denyTicket } from '../../tickets/deny.ts'
import { lookAtTicket, type Ticket } from '../../tickets/find.ts'
import { matchChoices, type MatchMode } from '../../tickets/match-code.ts'
import { noticesOf } from '../../sign-in/notices.ts'
import { scanTicket } from '../../tickets/scan.ts'
import { goneError, isDead, outcomeError, type Windows } from '../../tickets/ticket.ts'
import type { LoginTokens } from '../../tokens/login-token.ts'
import { identifyUser } from '../../users/identify.ts'
import type { MiniProgram } from '../../wechat/mini-program.ts'
import { originOf } from '../requester.ts'
import * as schema from '../schemas.ts'

export type PhoneRoutesOptions = {
  db: Db
  wechat: Pick<MiniProgram, 'codeToSession'>
  tokens: LoginTokens
  windows: Windows
  matchMode: MatchMode
  /** The site's name, as the phone shows it. */
  site: string
  /** Tickets an address may create, and calls a phone's may make, in a minute. */
  rates: { create: number; phone: number }
  countryOf: CountryOf
  tell: Tell
  /** Whether logins leave a trail. */
  keepTrail: boolean
}

/**
 * Twice the limit of a minute, in five: the limit is sized for an office's busiest minute, and the
 * minutes beside that one are not as busy again. Nobody gets to more than five times the limit.
 */
const USUAL_MINUTES = 2

/**
 * The phone's side. Each call proves who makes it with a login code of its own; the ticket is
 * looked at before that code is spent, so the answer about a dead one costs nothing.
 */
export const phoneRoutes: FastifyPluginAsyncTypebox<PhoneRoutesOptions> = async (
  app,
  { db, wechat, tokens, windows, matchMode, site, rates, countryOf, tell, keepTrail },
) => {
  const config = { rateLimit: perAddress('phone', rates.phone) }

  app.post(
    '/ticket/:scene/scan',
    {
      config,
      schema: {
        tags: ['phone'],
        summary: 'Scanned: who is asking, from where?',
        params: schema.SceneParams,
        body: schema.CodeBody,
        response: {
          200: schema.ScannedTicket,
          ...schema.errors(
            ...schema.bodyErrors,
            ...schema.loginCodeErrors,
            'TICKET_NOT_FOUND',
            'SCANNED_BY_ANOTHER',
            'ALREADY_CONFIRMED',
            ...schema.goneErrors,
            'RATE_LIMITED',
          ),
        },
      },
    },
    async (request) => {
      const { scene } = request.params
      await lookAtOpenTicket(scene)
      const identity = await wechat.codeToSession(request.body.code, about(request, scene))
      const ticket = await scanTicket(db, { scene, identity, window: windows.confirm })
      tell(request, scene, 'scanned', ticket.first)
      return {
        scene,
        status: 'scanned' as const,
        expires_in: ticket.expiresIn,
        site,
        requested_by: ticket.requestedBy,
        match: matchOf(ticket),
        notices: await noticesOf(db, {
          ticket,
          identity,
          phone: originOf(request, countryOf),
          usual: USUAL_MINUTES * rates.create,
          trail: keepTrail,
        }),
      }
    },
  )

  app.post(
    '/ticket/:scene/deny',
    {
      config,
      schema: {
        tags: ['phone'],
        summary: 'Decline',
        params: schema.SceneParams,
        body: schema.CodeBody,
        response: {
          200: schema.DeniedTicket,
          ...schema.errors(
            ...schema.bodyErrors,
            ...schema.loginCodeErrors,
            'TICKET_NOT_FOUND',
            'SCANNED_BY_ANOTHER',
            'ALREADY_CONFIRMED',
            ...schema.goneErrors,
            'RATE_LIMITED',
          ),
        },
      },
    },
    async (request) => {
      const { scene } = request.params
      await lookAtOpenTicket(scene)
      const identity = await wechat.codeToSession(request.body.code, about(request, scene))
      const first = await denyTicket(db, { scene, identity, trail: trailOf(request) })
      tell(request, scene, 'denied', first)
      return { scene, status: 'denied' as const }
    },
  )

  app.post(
    '/login',
    {
      config,
      schema: {
        tags: ['phone'],
        summary: 'Confirm a ticket, or sign in to the mini program itself',
        body: schema.LoginBody,
        response: {
          200: schema.Login,
          ...schema.errors(
            ...schema.bodyErrors,
            ...schema.loginCodeErrors,
            'MATCH_CODE_WRONG',
            'TICKET_NOT_FOUND',
            'SCANNED_BY_ANOTHER',
            'ALREADY_CONFIRMED',
            ...schema.goneErrors,
            'RATE_LIMITED',
          ),
        },
      },
    },
    async (request) => {
      const { code, scene, match_code: matchCode } = request.body
      if (scene === undefined) {
        const person = await wechat.codeToSession(code, about(request))
        const user = await identifyUser(db, person)
        const answer = await ownLogin(person, user)
        const trail = trailOf(request)
        if (trail) await recordOwnLogin(db, { ...trail, ...person, userId: user.id })
        return answer
      }

      const ticket = await lookAtTicket(db, scene)
      // A consumed ticket is over for everybody but the one who confirmed it and may not know yet.
      if (isDead(ticket.status) && ticket.status !== 'consumed') throw goneError(ticket.status)
      const decided = ticket.status === 'confirmed' || ticket.status === 'consumed'
      if (matchMode === 'choose' && !decided && matchCode === undefined) {
        throw new AppError('INVALID_REQUEST', {
          detail: "body must have required property 'match_code': the number the person chose",
        })
      }

      const person = await wechat.codeToSession(code, about(request, scene))
      if (ticket.owner && !sameIdentity(ticket.owner, person)) throw outcomeError(ticket, person)
      if (matchMode === 'choose' && !decided && matchCode !== ticket.matchCode) {
        const reason = 'wrong_match_code'
        const trail = trailOf(request)
        const first = await denyTicket(db, { scene, identity: person, reason, trail })
        tell(request, scene, 'denied', first, { reason })
        throw new AppError('MATCH_CODE_WRONG')
      }

      const user = await identifyUser(db, person)
      let first = false
      if (!decided) {
        const { id: userId, now } = user
        const token = await tokens.sign({ for: 'web', userId, person, now })
        first = await confirmTicket(db, {
          scene,
          identity: person,
          userId,
          token,
          window: windows.pickup,
          trail: trailOf(request),
        })
      }
      tell(request, scene, 'confirmed', first)
      return { scene, status: 'confirmed' as const, ...(await ownLogin(person, user)) }
    },
  )

  /** The answer's part that is the mini program's own: never the browser's token. */
  async function ownLogin(person: Person, user: { id: string; created: boolean; now: number }) {
    const { id, created, now } = user
    return {
      user: { id, created },
      token: await tokens.sign({ for: 'miniprogram', userId: id, person, now }),
      token_type: 'Bearer' as const,
      token_expires_in: tokens.ttl,
    }
  }

  const trailOf = (request: FastifyRequest): Trail | undefined =>
    keepTrail ? { phoneIp: plainAddress(request.ip) } : undefined

  async function lookAtOpenTicket(scene: string): Promise<void> {
    const { status } = await lookAtTicket(db, scene)
    if (isDead(status)) throw goneError(status)
  }

  function matchOf(ticket: Ticket) {
    if (matchMode === 'off') return { mode: 'off' as const }
    if (matchMode === 'show') return { mode: 'show' as const, code: ticket.matchCode }
    return { mode: 'choose' as const, choices: matchChoices(ticket) }
  }
}
