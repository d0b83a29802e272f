import type { FastifyRequest } from 'fastify'
import type { Db } from '../db/pool.ts'
import { AppError } from '../errors.ts'
import { limitKey } from '../ip-address.ts'
import { takeCode } from '../limits/code-budget.ts'
import type { Counter } from '../limits/count.ts'
import { about, type TicketEvents } from '../telemetry/ticket-events.ts'
import { findCode, storeCodeImage } from '../tickets/code.ts'
import type { Channel } from '../tickets/ticket.ts'
import type { GuessLimit } from './guess-limit.ts'
import { createSlots } from './slots.ts'

/** @param line what a log line of the call to WeChat says beside; gives the image */
export type CodeMaker = (scene: string, line: object) => Promise<Uint8Array>

/**
 * The image of a scene's code, within the limits of the address that asks.
 *
 * @throws {AppError} `TICKET_NOT_FOUND`; 410 once the ticket is not pending any more; what WeChat refuses
 */
export type CodeOf = (request: FastifyRequest, scene: string) => Promise<Uint8Array>

/** So many are read for one address at a time: the others are behind them, not before everybody. */
const READ_AT_ONCE = 4

/** What each account's codes are counted as. */
const BUDGETS: Record<Channel, string> = { miniprogram: 'codes', official_account: 'oa_codes' }

const USED_UP = new Error(
  'the codes that may be made on demand in this minute are used up: look for a caller that creates tickets without end (RATE_CREATE)',
)

/**
 * How a request gets a code's image: made in advance, or when it is first asked for. One call to WeChat
 * then, however many browsers of this instance wait for the same.
 */
export function createCodes(options: {
  db: Db
  counter: Counter
  /** Makes the code of a scene, of each door that is open. */
  codeMakers: Partial<Record<Channel, CodeMaker>>
  guesses: GuessLimit
  note: TicketEvents['note']
}): CodeOf {
  const { db, counter, codeMakers, guesses, note } = options
  const making = new Map<string, Promise<Uint8Array>>()
  const inTurn = createSlots(READ_AT_ONCE)

  let finished = 0

  async function makeAndStore(
    request: FastifyRequest,
    scene: string,
    channel: Channel,
  ): Promise<Uint8Array> {
    const make = codeMakers[channel]
    // Its door was shut since it was created.
    if (!make) throw new AppError('TICKET_NOT_FOUND')
    const wait = await takeCode(counter, limitKey(request.ip), BUDGETS[channel])
    if (wait > 0) throw new AppError('WECHAT_BUSY', { retryAfter: wait / 1000, cause: USED_UP })
    const image = await make(scene, about(request, scene))
    await storeCodeImage(db, scene, image)
    note(request, scene, 'code made')
    return image
  }

  return async (request, scene) => {
    guesses.admit(request, scene)
    const look = () =>
      inTurn(limitKey(request.ip), () => guesses.look(request, scene, () => findCode(db, scene)))
    const before = finished
    let { image: stored, channel } = await look()
    // Another request's may have been stored since the database was asked.
    if (stored === null && !making.has(scene) && finished > before) {
      stored = (await look()).image
    }
    if (stored !== null) return stored
    let made = making.get(scene)
    if (!made) {
      made = makeAndStore(request, scene, channel).finally(() => {
        making.delete(scene)
        finished++
      })
      making.set(scene, made)
    }
    return made
  }
}
