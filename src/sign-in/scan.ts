import type { Ticket } from '../tickets/find.ts'
import { matchOf, type Match } from '../tickets/match-code.ts'
import { findOpenTicket, type SignInDeps, type Visit } from './door.ts'
import { factsAbout } from './facts.ts'
import { noticesOf, type Notice } from './notices.ts'

/** The question that a phone shows: who is asking, from where, and what is unusual about it. */
export type Question = {
  expiresIn: number
  /** Null: the service's own site. */
  relyingParty: Ticket['relyingParty']
  requestedBy: Ticket['requestedBy']
  match: Match
  /** The gravest first. */
  notices: Notice[]
}

/**
 * Twice the limit of a minute, in five: the limit is sized for an office's busiest minute, and the
 * minutes beside that one are not as busy again. No address gets to more than five times the limit.
 */
const USUAL_MINUTES = 2

/**
 * A person has scanned a code: the ticket is theirs from here on.
 *
 * @param input.enteredBy WeChat's number of how the mini program was opened, where the phone tells it
 * @throws {AppError} what the proof throws; `TICKET_NOT_FOUND`, `SCANNED_BY_ANOTHER`,
 *   `ALREADY_CONFIRMED`, 410
 */
export async function scan(
  deps: SignInDeps,
  input: { scene: string; enteredBy: number | undefined },
  visit: Visit,
): Promise<Question> {
  const { tickets, rules } = deps
  const { scene, enteredBy } = input
  const found = await findOpenTicket(tickets, scene)
  const { channel } = found
  const identity = await visit.prove(found)
  const facts = factsAbout({
    ticket: found,
    identity,
    phone: visit.phone,
    usual: USUAL_MINUTES * rules.ticketsPerMinute,
    trail: rules.audit.days > 0,
  })
  const beside = facts.columns
  const ticket = await tickets.scan({ scene, channel, identity, beside }, visit.caller)
  return {
    expiresIn: ticket.expiresIn,
    relyingParty: ticket.relyingParty,
    requestedBy: ticket.requestedBy,
    match: matchOf(rules.tickets.matchMode, ticket),
    notices: noticesOf({
      ...facts.of(ticket.beside),
      opened: { by: enteredBy, linksAreUsual: rules.tickets.urlLink },
    }),
  }
}
