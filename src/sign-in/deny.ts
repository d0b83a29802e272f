import { findOpenTicket, trailOf, type SignInDeps, type Visit } from './door.ts'

/**
 * A person declines a ticket.
 *
 * @throws {AppError} what the proof throws; `TICKET_NOT_FOUND`, `SCANNED_BY_ANOTHER`,
 *   `ALREADY_CONFIRMED`, 410
 */
export async function deny(deps: SignInDeps, scene: string, visit: Visit): Promise<void> {
  await findOpenTicket(deps.tickets, scene)
  const identity = await visit.prove()
  await deps.tickets.deny({ scene, identity, trail: trailOf(deps.rules, visit) }, visit.caller)
}
