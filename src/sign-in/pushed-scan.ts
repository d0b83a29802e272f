import { AppError, type ErrorCode } from '../errors.ts'
import type { Identity } from '../identity.ts'
import type { Ticket } from '../tickets/find.ts'
import type { Caller } from '../tickets/verbs.ts'
import type { SignInDeps } from './door.ts'

/** What became of a scan that WeChat has pushed, for the person in the chat. */
export type PushedScan =
  | { outcome: 'scanned'; ticket: Ticket & { first: boolean } }
  | { outcome: 'expired' | 'taken' | 'confirmed' | 'consumed' | 'denied' | 'canceled' }

const OUTCOMES: Partial<Record<ErrorCode, Exclude<PushedScan['outcome'], 'scanned'>>> = {
  TICKET_NOT_FOUND: 'expired',
  TICKET_EXPIRED: 'expired',
  SCANNED_BY_ANOTHER: 'taken',
  ALREADY_CONFIRMED: 'confirmed',
  TICKET_CONSUMED: 'consumed',
  TICKET_DENIED: 'denied',
  TICKET_CANCELED: 'canceled',
}

/**
 * A person has scanned a code of the official account. A push that comes again finds the ticket theirs,
 * and one that comes late finds it over: neither changes anything.
 *
 * @throws {AppError} what is no outcome of a ticket, such as a database that does not answer
 */
export async function scanPushed(
  { tickets }: SignInDeps,
  input: { scene: string; identity: Identity },
  caller: Caller,
): Promise<PushedScan> {
  try {
    const ticket = await tickets.scan({ ...input, channel: 'official_account' }, caller)
    return { outcome: 'scanned', ticket }
  } catch (error) {
    const outcome = error instanceof AppError ? OUTCOMES[error.code] : undefined
    if (outcome === undefined) throw error
    return { outcome }
  }
}
