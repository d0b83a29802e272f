import { findIdentity } from '../users/find.ts'
import { refusalOf } from './devices.ts'
import { findOpenTicket, trailOf, type SignInDeps, type Visit } from './door.ts'

/**
 * A person declines a ticket, and with it the device that waits for it.
 *
 * @throws {AppError} what the proof throws; `TICKET_NOT_FOUND`, `SCANNED_BY_ANOTHER`,
 *   `ALREADY_CONFIRMED`, 410
 */
export async function deny(deps: SignInDeps, scene: string, visit: Visit): Promise<void> {
  const ticket = await findOpenTicket(deps.tickets, scene)
  const { channel, relyingParty } = ticket
  const clientId = relyingParty?.clientId ?? null
  const identity = await visit.prove(ticket)
  const userId = (await findIdentity(deps.db, identity))?.user_id ?? null
  const trail = trailOf(deps.rules, visit)
  const also = refusalOf(deps.devices, ticket)
  const denial = { scene, channel, identity, userId, trail, clientId, also }
  await deps.tickets.deny(denial, visit.caller)
}
