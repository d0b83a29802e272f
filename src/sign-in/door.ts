import type { AuditRules, Trail } from '../audit/record.ts'
import type { Db } from '../db/pool.ts'
import type { Person } from '../identity.ts'
import { goneError, isDead, type Origin, type TicketRules } from '../tickets/ticket.ts'
import type { Ticket } from '../tickets/find.ts'
import type { Caller, Tickets } from '../tickets/verbs.ts'
import type { LoginTokens } from '../tokens/login-token.ts'
import type { Devices } from './devices.ts'

/** What signing in works with, through whichever door a person comes. */
export type SignInDeps = {
  db: Db
  tickets: Tickets
  tokens: LoginTokens
  rules: SignInRules
  /** Absent where no provider runs (`OIDC`). */
  devices?: Devices | undefined
}

export type SignInRules = {
  tickets: TicketRules
  audit: AuditRules
  /** Tickets that an address may create in a minute: `RATE_CREATE`. */
  ticketsPerMinute: number
}

/**
 * What a door hands over: who is there, and from where. A door proves that and nothing else. The
 * proof is called once at most, and only after the ticket has been looked at, because it uses up a
 * login code: the answer about a dead ticket costs none.
 */
export type Visit = {
  prove: (ticket: Ticket | null) => Promise<Person>
  /**
   * The same person with their unionid, where a door has to ask for it: once they have confirmed, and
   * no earlier.
   *
   * @throws {AppError} `WECHAT_…`
   */
  complete?: (person: Person) => Promise<Person>
  phone: Origin
  caller: Caller
}

/** @throws {AppError} `TICKET_NOT_FOUND`; 410 where the ticket is over */
export async function findOpenTicket(tickets: Tickets, scene: string): Promise<Ticket> {
  const ticket = await tickets.find(scene)
  if (isDead(ticket.status)) throw goneError(ticket.status)
  return ticket
}

/** What the audit trail keeps of a visit; undefined where there is no audit trail. */
export const trailOf = (rules: SignInRules, { phone }: Visit): Trail | undefined =>
  rules.audit.days > 0 ? { phoneIp: phone.ip } : undefined
