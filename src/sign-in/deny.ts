import { findIdentity } from '../users/find.ts'
import { findOpenTicket, trailOf, type SignInDeps, type Visit } from './door.ts'

/**
 * A person declines a ticket.
 *
 * @throws {AppError} what the proof throws; `TICKET_NOT_FOUND`, `SCANNED_BY_ANOTHER`,
 *   `ALREADY_CONFIRMED`, 410
 */
export async function deny(deps: SignInDeps, scene: string, visit: Visit): Promise<void> {
  const ticket = await findOpenTicket(deps.tickets, scene)
  const { channel } = ticket
  const identity = await visit.prove(ticket)
  const userId = (await findIdentity(deps.db, identity))?.user_id ?? null
  const trail = trailOf(deps.rules, visit)
  await deps.tickets.deny({ scene, channel, identity, userId, trail }, visit.caller)
}
