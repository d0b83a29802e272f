import { AppError } from '../errors.ts'
import { sameIdentity, type Identity } from '../identity.ts'
import type { StoredStatus } from '../db/pool.ts'

/**
 * The vocabulary of a ticket: its states, what each means to a caller who asks for something else,
 * and how long to wait between polls. Pure; the verbs beside this file own the statements.
 */
export type Status = StoredStatus | 'expired'

/** A scene's shape: WeChat's own alphabet and length, and at least 128 random bits. */
export const SCENE_PATTERN = '^[A-Za-z0-9_-]{22,32}$'

/** Seconds; settings `TICKET_TTL`, `CONFIRM_TTL`, `PICKUP_TTL`. */
export type Windows = { ticket: number; confirm: number; pickup: number }

/** After the first delivery the same secret gets the same token again for this long, in seconds. */
export const GRACE_SECONDS = 30

/** An expired ticket keeps saying so for this long, in seconds, before its row goes. */
export const KEEP_SECONDS = 600

/** Seconds to wait before the next poll; 0 = stop. */
export function intervalOf(status: Status): number {
  if (status === 'pending') return 2
  if (status === 'scanned') return 1
  return 0
}

/** A state in the database's clock: an open window that has passed is `expired`. */
export function statusOf(row: { status: StoredStatus; live: boolean }): Status {
  const open = row.status === 'pending' || row.status === 'scanned' || row.status === 'confirmed'
  return open && !row.live ? 'expired' : row.status
}

const gone = {
  expired: 'TICKET_EXPIRED',
  denied: 'TICKET_DENIED',
  canceled: 'TICKET_CANCELED',
  consumed: 'TICKET_CONSUMED',
} as const

export type DeadStatus = keyof typeof gone

export const isDead = (status: Status): status is DeadStatus => status in gone

/** The answer to whoever asks something of a ticket that is over: 410 with its outcome. */
export const goneError = (status: DeadStatus): AppError => new AppError(gone[status])

/**
 * A row that still is what a code or link of it would promise.
 *
 * @throws {AppError} `TICKET_NOT_FOUND`; 410 once the ticket is not pending any more: a scanned
 *   code is used up, so nobody else is invited to scan it
 */
export function whilePending<R extends { status: StoredStatus; live: boolean }>(
  row: R | undefined,
): R {
  if (!row) throw new AppError('TICKET_NOT_FOUND')
  const status = statusOf(row)
  if (status === 'pending') return row
  throw goneError(isDead(status) ? status : 'consumed')
}

/**
 * The answer to a caller whose transition did not happen: the outcome of the ticket, seen by them.
 * The first openid to scan owns the ticket; another one learns that before anything else.
 */
export function outcomeError(
  ticket: { status: Status; owner: Identity | null },
  caller: Identity,
): AppError {
  if (isDead(ticket.status)) return goneError(ticket.status)
  // Still open to everybody: it was created after the caller's transition had found nothing.
  if (ticket.status === 'pending') return new AppError('TICKET_NOT_FOUND')
  if (ticket.owner && !sameIdentity(ticket.owner, caller)) return new AppError('SCANNED_BY_ANOTHER')
  return new AppError('ALREADY_CONFIRMED')
}
