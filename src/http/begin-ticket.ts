import type { FastifyRequest } from 'fastify'
import type { Static } from 'typebox'
import { AppError } from '../errors.ts'
import { hashSecret } from '../tickets/secret.ts'
import {
  intervalOf,
  type Channel,
  type RelyingParty,
  type Requester,
  type TicketRules,
} from '../tickets/ticket.ts'
import type { Tickets } from '../tickets/verbs.ts'
import { imageType } from '../wechat/image-type.ts'
import type { AddressLimits } from './address-limits.ts'
import type { CodeOf } from './codes.ts'
import type { GuessLimit } from './guess-limit.ts'
import type { PollPace } from './poll-pace.ts'
import { requesterOf, type CountryOf } from './requester.ts'
import type { CreatedTicket } from './schemas.ts'

/** What a route that begins a ticket knows about it. */
export type Beginning = {
  /** Of the browser's own making. */
  scene?: string | undefined
  /** By default the first open door. */
  channel?: Channel | undefined
  /** By default the service's own site. */
  relyingParty?: RelyingParty | null
  /** By default the browser that calls. A device's ticket has what is known of the device. */
  requester?: Requester
  /** How many seconds ago the requester asked; by default this moment. */
  requestedAgo?: number
  /** Whether the answer is to have the code's image, where it is there in time. */
  image?: boolean
}

/** As much of a reply as an answer of 201 sets. */
type Reply = { code(status: 201): unknown; header(name: string, value: string): unknown }

/**
 * Begins a ticket, sets status and `Location`, and returns the body: the same answer on every route
 * that does. The route has the limit per address (`perAddress('create', …)`).
 *
 * @throws {AppError} `INVALID_REQUEST` for a door that is shut, `SCENE_TAKEN`
 */
export type BeginTicket = (
  request: FastifyRequest,
  reply: Reply,
  beginning: Beginning,
) => Promise<Static<typeof CreatedTicket>>

/**
 * Of the tickets that an address creates in a minute so many get a code from the stock, which is not
 * for the caller that asks most.
 */
const STOCK_SHARE = 20

/** So long an answer waits for the code's image. Whoever has none by then asks for it at its address. */
const IMAGE_MS = 2_000

/** @param options.channels the doors that are open */
export function createBeginTicket(options: {
  tickets: Tickets
  codeOf: CodeOf
  rules: TicketRules
  channels: readonly Channel[]
  countryOf: CountryOf
  limits: AddressLimits
  guesses: GuessLimit
  pace: PollPace
}): BeginTicket {
  const { tickets, codeOf, rules, channels, countryOf, limits, guesses, pace } = options

  return async (request, reply, beginning) => {
    const { channel = channels[0] as Channel, relyingParty = null } = beginning
    const requester = beginning.requester ?? requesterOf(request, countryOf)
    if (!channels.includes(channel)) {
      const detail = `body/channel must be ${channels.join(' or ')}: the other account has no settings here`
      throw new AppError('INVALID_REQUEST', { detail })
    }
    const fromStock = limits.seen(request, 'create') <= STOCK_SHARE
    const { scene, secret, expiresIn, matchCode } = await tickets.create(
      { ...beginning, channel, requester, fromStock },
      request,
    )
    guesses.learn(scene)
    pace.learn(hashSecret(secret))
    const image = beginning.image ? await inTime(codeOf(request, scene)) : null
    reply.code(201)
    reply.header('location', `/ticket/${scene}`)
    const isDevice = relyingParty !== null && relyingParty.device !== null
    // A device's user code is always compared.
    const matchMode = rules.matchMode === 'off' && isDevice ? 'show' : rules.matchMode
    return {
      scene,
      secret,
      status: 'pending',
      channel,
      expires_in: expiresIn,
      interval: intervalOf('pending'),
      match_code: matchMode === 'off' ? null : matchCode,
      match_mode: matchMode,
      qrcode_url: `/ticket/${scene}/qrcode`,
      ...(image && { qrcode: image }),
      ...(rules.urlLink && channel === 'miniprogram' ? { link_url: `/ticket/${scene}/link` } : {}),
    }
  }
}

/**
 * The image as a `data:` URL; null where it takes too long, or where its own address will say why there
 * is none.
 */
async function inTime(image: Promise<Uint8Array>): Promise<string | null> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<null>((resolve) => {
    timer = setTimeout(resolve, IMAGE_MS, null)
  })
  try {
    const bytes = Buffer.from((await Promise.race([image.catch(() => null), late])) ?? '')
    const type = imageType(bytes)
    return type ? `data:${type};base64,${bytes.toString('base64')}` : null
  } finally {
    clearTimeout(timer)
  }
}
