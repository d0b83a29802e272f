import { AppError } from '../errors.ts'
import { sameIdentity, type Identity } from '../identity.ts'
import type { MatchMode } from './match-code.ts'

/**
 * The state machine of a ticket: one attempt to sign in.
 *
 *     create ─▶ pending ── scan ──▶ scanned ── confirm ──▶ confirmed ── deliver ──▶ consumed
 *                  │                   │          ▲
 *                  ├───────────────────┼─ confirm ┘   (a phone without a question, too)
 *                  ├────── deny ───────┼──▶ denied    (the phone declines)
 *                  └───── cancel ──────┴──▶ canceled  (the browser gives up)
 *
 * A transition is one guarded statement, in the file of its name: of any number of concurrent callers
 * at most one makes it. States without an arrow never change. `expired` is never stored: a state
 * with an arrow is expired once its window has passed, in the database's clock.
 */
export const TRANSITIONS = {
  scan: { from: ['pending'], to: 'scanned', window: 'confirm' },
  confirm: { from: ['pending', 'scanned'], to: 'confirmed', window: 'pickup' },
  deliver: { from: ['confirmed'], to: 'consumed', window: null },
  deny: { from: ['pending', 'scanned'], to: 'denied', window: null },
  cancel: { from: ['pending', 'scanned'], to: 'canceled', window: null },
} as const satisfies Record<string, TransitionRule>

type TransitionRule = {
  from: readonly StoredStatus[]
  to: StoredStatus
  /** The window that begins with it; null: the old one goes on. */
  window: keyof Windows | null
}

export type StoredStatus = 'pending' | 'scanned' | 'confirmed' | 'consumed' | 'denied' | 'canceled'
export type Status = StoredStatus | 'expired'

/** Which door a ticket's code leads to; it is scanned and decided through that one alone. */
export const CHANNELS = ['miniprogram', 'official_account'] as const
export type Channel = (typeof CHANNELS)[number]

/** Seconds to scan, then to decide, then to collect: `TICKET_TTL`, `CONFIRM_TTL`, `PICKUP_TTL`. */
export type Windows = { ticket: number; confirm: number; pickup: number }

export type TicketRules = {
  windows: Windows
  matchMode: MatchMode
  /** How many codes are made in advance; 0: none. */
  codeStock: number
  /** Whether a ticket has a link, too, that opens the mini program. */
  urlLink: boolean
}

/** A scene's shape: WeChat's own alphabet and length, and at least 128 random bits. */
export const SCENE_PATTERN = '^[A-Za-z0-9_-]{22,32}$'

/** After the first delivery the same secret gets the same token again for this long, in seconds. */
export const GRACE_SECONDS = 30

/** An expired ticket keeps saying so for this long, in seconds, before its row goes. */
export const KEEP_SECONDS = 600

/** Where a call comes from, as our server sees it; unknown is null. */
export type Origin = {
  ip: string | null
  /** The address as limits count it: IPv6 as its /64. */
  network: string | null
  /** ISO 3166-1 alpha-2; only where a trusted proxy tells it. */
  country: string | null
}

/** What our server observed of the browser that asks to sign in; unknown is null. */
export type Requester = Origin & { browser: string | null; os: string | null }

/** What a ticket signs in to, where it is not the service's own site. */
export type RelyingParty = {
  clientId: string
  /** What page and phone show. */
  name: string
  /** Of the login token, so that no other party takes it. */
  audience: string
  /** The user code on a device's screen, as `WDJB-MJHT`; null: a browser signs in. */
  device: string | null
}

/** Seconds to wait before the next poll; 0 = stop. */
export function intervalOf(status: Status): number {
  if (status === 'pending') return 2
  if (status === 'scanned') return 1
  return 0
}

const OPEN = new Set<StoredStatus>(Object.values(TRANSITIONS).flatMap(({ from }) => from))

/** A state in the database's clock: an open window that has passed is `expired`. */
export function statusOf(row: { status: StoredStatus; live: boolean }): Status {
  return OPEN.has(row.status) && !row.live ? 'expired' : row.status
}

const GONE = {
  expired: 'TICKET_EXPIRED',
  denied: 'TICKET_DENIED',
  canceled: 'TICKET_CANCELED',
  consumed: 'TICKET_CONSUMED',
} as const

export type DeadStatus = keyof typeof GONE

export const isDead = (status: Status): status is DeadStatus => status in GONE

/** The answer to a caller who asks something of a ticket that is over: 410 with its outcome. */
export const goneError = (status: DeadStatus): AppError => new AppError(GONE[status])

/**
 * A row that still is what a code or link of it would promise.
 *
 * @throws {AppError} `TICKET_NOT_FOUND`; 410 once the ticket is not pending any more: a scanned
 *   code is used up, so it invites no further scan
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
  // Still open to every caller: it was created after this caller's transition had found nothing.
  if (ticket.status === 'pending') return new AppError('TICKET_NOT_FOUND')
  if (ticket.owner && !sameIdentity(ticket.owner, caller)) return new AppError('SCANNED_BY_ANOTHER')
  return new AppError('ALREADY_CONFIRMED')
}
