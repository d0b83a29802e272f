import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyRequest } from 'fastify'
import { AppError } from '../../errors.ts'
import { confirm } from '../../sign-in/confirm.ts'
import { deny } from '../../sign-in/deny.ts'
import type { SignInDeps, Visit } from '../../sign-in/door.ts'
import { signInToMiniProgram, type OwnLogin } from '../../sign-in/own-login.ts'
import { scan } from '../../sign-in/scan.ts'
import { about } from '../../telemetry/ticket-events.ts'
import type { Doors } from '../doors.ts'
import type { AddressLimits } from '../address-limits.ts'
import type { GuessLimit } from '../guess-limit.ts'
import { createMissLimit } from '../miss-limit.ts'
import { perAddress } from '../plugins/rate-limits.ts'
import { originOf, type CountryOf } from '../requester.ts'
import * as schema from '../schemas.ts'

export type PhoneRoutesOptions = {
  signIn: SignInDeps
  doors: Doors
  /** The site's own name, as the phone shows it. */
  site: string
  /** Calls that a phone's address may make in a minute. */
  perMinute: number
  countryOf: CountryOf
  limits: AddressLimits
  guesses: GuessLimit
}

/** Login codes that WeChat refuses, of one address for one ticket or for no ticket, in a minute. */
const JUNK_PER_MINUTE = 10
/** Logins without a ticket of an address that sends more of them: one of its others may be honest. */
const OWN_JUNK_PER_SECOND = 10
const JUNK = ['LOGIN_CODE_INVALID', 'LOGIN_CODE_USED'] as const

/** The phone's side: the mini program's door. Each call proves who makes it with a login code of its own. */
export const phoneRoutes: FastifyPluginAsyncTypebox<PhoneRoutesOptions> = async (
  app,
  { signIn, doors, site, perMinute, countryOf, limits, guesses },
) => {
  // After the body has been read: what is no login at all does not count as one.
  const rateLimit = { ...perAddress('phone', perMinute), hook: 'preHandler' } as const
  const config = { audience: 'phone', rateLimit } as const
  const junk = createMissLimit({ perMinute: JUNK_PER_MINUTE, perSecond: 0, misses: JUNK })
  const ownJunk = createMissLimit({
    perMinute: JUNK_PER_MINUTE,
    perSecond: OWN_JUNK_PER_SECOND,
    misses: JUNK,
  })

  /**
   * Junk and guesses have budgets of their own and are no logins, so that a broken client behind a
   * carrier's address uses up nothing of what the others there may do. What is over them is refused
   * before it is counted as a phone's call, which costs a statement.
   */
  function admit(request: FastifyRequest, scene: string | undefined): void {
    if (scene === undefined) return ownJunk.admit(request)
    guesses.admit(request, scene)
    junk.admit(request, scene)
  }

  /** Answers a call that has been admitted. */
  async function answer<T>(
    request: FastifyRequest,
    scene: string | undefined,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      if (scene === undefined) return await ownJunk.countMiss(request, work)
      return await guesses.look(request, scene, () => junk.countMiss(request, work, scene))
    } catch (error) {
      if (isStrangers(error)) await limits.refund(request, 'phone')
      throw error
    }
  }

  const visitOf = (request: FastifyRequest, code: string, scene?: string): Visit => ({
    async prove(ticket) {
      if (ticket?.channel !== 'official_account') {
        if (!doors.miniprogram) throw new AppError('LOGIN_CODE_INVALID')
        return doors.miniprogram.codeToSession(code, about(request, scene))
      }
      if (!doors.officialAccount) throw new AppError('LOGIN_CODE_INVALID')
      return doors.officialAccount.links.prove(ticket, code)
    },
    complete: async (person) =>
      doors.officialAccount?.appid === person.appid
        ? doors.officialAccount.links.complete(signIn.db, person)
        : person,
    phone: originOf(request, countryOf),
    caller: request,
  })

  app.post(
    '/ticket/:scene/scan',
    {
      config,
      preHandler: async (request) => admit(request, request.params.scene),
      schema: {
        summary: 'Scanned: who is asking, from where?',
        params: schema.SceneParams,
        body: schema.ScanBody,
        response: {
          200: schema.ScannedTicket,
          ...schema.errors(...schema.phoneErrors),
        },
      },
    },
    async (request) => {
      const { scene } = request.params
      const { code, entered_by: enteredBy } = request.body
      const visit = visitOf(request, code, scene)
      const question = await answer(request, scene, () => scan(signIn, { scene, enteredBy }, visit))
      const { relyingParty } = question
      const device = relyingParty?.device
      return {
        scene,
        status: 'scanned' as const,
        expires_in: question.expiresIn,
        site: relyingParty?.name ?? site,
        ...(device ? { device: { user_code: device } } : {}),
        requested_by: question.requestedBy,
        match: question.match,
        notices: question.notices,
      }
    },
  )

  app.post(
    '/ticket/:scene/deny',
    {
      config,
      preHandler: async (request) => admit(request, request.params.scene),
      schema: {
        summary: 'Decline',
        params: schema.SceneParams,
        body: schema.CodeBody,
        response: {
          200: schema.DeniedTicket,
          ...schema.errors(...schema.phoneErrors),
        },
      },
    },
    async (request) => {
      const { scene } = request.params
      const visit = visitOf(request, request.body.code, scene)
      await answer(request, scene, () => deny(signIn, scene, visit))
      return { scene, status: 'denied' as const }
    },
  )

  app.post(
    '/login',
    {
      config,
      preHandler: async (request) => admit(request, request.body.scene),
      schema: {
        summary: 'Confirm a ticket, or sign in to the mini program itself',
        body: schema.LoginBody,
        response: {
          200: schema.Login,
          ...schema.errors(...schema.phoneErrors, 'MATCH_CODE_WRONG'),
        },
      },
    },
    async (request) => {
      const { code, scene, match_code: matchCode } = request.body
      const visit = visitOf(request, code, scene)
      if (scene === undefined) {
        return loginOf(await answer(request, scene, () => signInToMiniProgram(signIn, visit)))
      }
      const login = await answer(request, scene, () => confirm(signIn, { scene, matchCode }, visit))
      const { user, own } = login
      return { scene, status: 'confirmed' as const, ...(own ? loginOf(own) : { user }) }
    },
  )
}

const isStrangers = (error: unknown): boolean =>
  error instanceof AppError && [...JUNK, 'TICKET_NOT_FOUND', 'RATE_LIMITED'].includes(error.code)

const loginOf = ({ user, token, tokenExpiresIn }: OwnLogin) => ({
  user,
  token,
  token_type: 'Bearer' as const,
  token_expires_in: tokenExpiresIn,
})
