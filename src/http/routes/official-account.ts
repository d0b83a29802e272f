import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { FastifyBaseLogger, FastifyRequest } from 'fastify'
import { setTimeout as sleep } from 'node:timers/promises'
import { Type } from 'typebox'
import { AppError } from '../../errors.ts'
import { messageOf } from '../../operator-error.ts'
import { outcomeText, questionText } from '../../sign-in/chat-reply.ts'
import type { SignInDeps } from '../../sign-in/door.ts'
import { scanPushed } from '../../sign-in/pushed-scan.ts'
import { forgetIdentity } from '../../users/forget.ts'
import type { PushedEvent } from '../../wechat/push/push.ts'
import { NOTHING_TO_SAY } from '../../wechat/push/request.ts'
import { PushRefused } from '../../wechat/push/refused.ts'
import type { OfficialAccountDoor } from '../doors.ts'
import type { GuessLimit } from '../guess-limit.ts'
import * as schema from '../schemas.ts'

export type OfficialAccountRoutesOptions = {
  door: OfficialAccountDoor
  signIn: SignInDeps
  site: { name: string; publicUrl: string }
  /** The database's clock, in seconds since 1970. */
  clock: () => Promise<number>
  guesses: GuessLimit
  log: Pick<FastifyBaseLogger, 'info' | 'warn'>
  onPush?: ((push: PushOutcome) => void) | undefined
}

/** One push, for the metrics. */
export type PushOutcome = {
  event: PushedEvent['kind'] | 'other'
  outcome: 'accepted' | 'repeated' | 'ignored' | 'refused' | 'failed'
  seconds: number
}

/** WeChat's own have some 600 bytes. */
const BODY_LIMIT = 64 * 1024
/** WeChat waits for 5 s and asks again, and the person sees nothing meanwhile. */
const REPLY_MS = 1_800

const text = (type: string) => ({ [type]: { schema: Type.String() } })
const textAnswer = (type: string, description: string) => ({ description, content: text(type) })
/** Without a schema, as WeChat has it. */
const queryOf = ({ query }: FastifyRequest) => query as Record<string, unknown>

/**
 * What WeChat pushes to us about the official account. All of it comes from WeChat's few addresses, so
 * none has a limit, and nothing is believed before its signature has been checked.
 */
export const officialAccountRoutes: FastifyPluginAsyncTypebox<
  OfficialAccountRoutesOptions
> = async (app, { door, signIn, site, clock, guesses, log, onPush }) => {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer', bodyLimit: BODY_LIMIT }, (_, body, done) =>
    done(null, body),
  )

  /**
   * The reason is for the operator alone. It counts as a stranger's guess; of an address with too many
   * of them there is the same answer, and no line in the log.
   */
  function refused(request: FastifyRequest, error: unknown): unknown {
    if (!(error instanceof PushRefused)) return error
    try {
      guesses.count(request)
      log.warn({ reqId: request.id, reason: error.message }, 'a push was refused')
    } catch {
      // Enough has been told about it.
    }
    return new AppError('PUSH_REFUSED')
  }

  async function question(
    scene: string,
    openid: string,
    request: FastifyRequest,
  ): Promise<{ text: string; outcome: PushOutcome['outcome'] }> {
    const identity = { appid: door.appid, openid }
    const scan = await scanPushed(signIn, { scene, identity }, request)
    if (scan.outcome !== 'scanned') {
      return { text: outcomeText(scan.outcome), outcome: 'repeated' }
    }
    const link = `${site.publicUrl}/confirm#${scene}.${door.links.proofOf(scene, openid)}`
    const { requestedBy, relyingParty, first } = scan.ticket
    const device = (relyingParty?.device ?? null) !== null
    return {
      text: questionText({ site: relyingParty?.name ?? site.name, device, requestedBy, link }),
      outcome: first ? 'accepted' : 'repeated',
    }
  }

  async function unfollowed(openid: string, request: FastifyRequest): Promise<void> {
    const identity = { appid: door.appid, openid }
    await signIn.tickets.denyAll({ channel: 'official_account', identity }, request)
    if (door.unfollow === 'forget') await forgetIdentity(signIn.db, identity)
  }

  /** What the person is told; null: nothing. */
  async function answer(
    event: PushedEvent | null,
    request: FastifyRequest,
  ): Promise<{ text: string | null; outcome: PushOutcome['outcome'] }> {
    if (event?.kind === 'unfollow') {
      await unfollowed(event.openid, request)
      return { text: null, outcome: 'accepted' }
    }
    if (event === null || event.scene === null) return { text: null, outcome: 'ignored' }
    return question(event.scene, event.openid, request)
  }

  /** The same in time, also where the database does not answer: then the person scans again. */
  async function answerInTime(
    event: PushedEvent | null,
    request: FastifyRequest,
    began: number,
  ): Promise<{ text: string | null; outcome: PushOutcome['outcome'] }> {
    const busy = { text: event?.kind === 'unfollow' ? null : outcomeText('busy') }
    const late = new AbortController()
    try {
      return await Promise.race([
        answer(event, request),
        sleep(REPLY_MS - (performance.now() - began), null, { signal: late.signal }).then(() => {
          throw new Error(`no answer within ${REPLY_MS} ms`)
        }),
      ])
    } catch (error) {
      const reason = messageOf(error)
      log.warn({ reqId: request.id, reason }, 'a push could not be answered: scan again')
      return { ...busy, outcome: 'failed' }
    } finally {
      late.abort()
    }
  }

  const config = { audience: 'wechat' } as const

  app.get(
    '/wechat/events',
    {
      config,
      schema: {
        summary: 'Verify the URL of the official account',
        response: {
          200: textAnswer('text/plain', 'What WeChat sent as echostr'),
          ...schema.errors('PUSH_REFUSED'),
        },
      },
    },
    async (request, reply) => {
      try {
        const echo = door.pushes.verify(queryOf(request), await clock())
        return reply.type('text/plain; charset=utf-8').send(echo as never)
      } catch (error) {
        throw refused(request, error)
      }
    },
  )

  app.post(
    '/wechat/events',
    {
      config,
      schema: {
        summary: 'What WeChat pushes: a scan, a follow, an unfollow',
        response: {
          200: {
            description: 'A reply, or `success` where there is nothing to say',
            content: { ...text('text/xml'), ...text('text/plain') },
          },
          ...schema.errors('PUSH_REFUSED', 'BODY_TOO_LARGE'),
        },
      },
    },
    async (request, reply) => {
      const began = performance.now()
      const told = (event: PushOutcome['event'], outcome: PushOutcome['outcome']) =>
        onPush?.({ event, outcome, seconds: (performance.now() - began) / 1_000 })
      const now = await clock()
      const body = (request.body as Buffer | undefined) ?? Buffer.alloc(0)
      let push
      try {
        push = door.pushes.open(queryOf(request), body, now)
      } catch (error) {
        told('other', 'refused')
        throw refused(request, error)
      }
      const { text, outcome } = await answerInTime(push.event, request, began)
      told(push.event?.kind ?? 'other', outcome)
      if (text === null) {
        return reply.type('text/plain; charset=utf-8').send(NOTHING_TO_SAY as never)
      }
      return reply.type('text/xml; charset=utf-8').send(push.reply(text, now) as never)
    },
  )
}
