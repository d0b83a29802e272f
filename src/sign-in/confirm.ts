import { AppError } from '../errors.ts'
import { sameIdentity } from '../identity.ts'
import type { Ticket } from '../tickets/find.ts'
import { goneError, isDead, outcomeError } from '../tickets/ticket.ts'
import { ACR } from '../tokens/acr.ts'
import { findIdentity } from '../users/find.ts'
import { identifyUser } from '../users/identify.ts'
import { approvalOf, refusalOf } from './devices.ts'
import { trailOf, type SignInDeps, type Visit } from './door.ts'
import { ownLogin, type OwnLogin } from './own-login.ts'

/** Who has confirmed and, through the mini program's door, their login there. */
export type Confirmed = Pick<OwnLogin, 'user'> & { own: OwnLogin | null }

/**
 * A person confirms a ticket; the browser's next poll takes its token away, and a device is approved in
 * the same transaction. Repeated by the same person it is fine: the first token stands.
 *
 * @param input.matchCode the number that the person chose, needed in mode `choose` alone: a wrong one
 *   denies the ticket for good
 * @throws {AppError} what the proof throws; `INVALID_REQUEST`, `MATCH_CODE_WRONG`,
 *   `TICKET_NOT_FOUND`, `SCANNED_BY_ANOTHER`, 410
 */
export async function confirm(
  deps: SignInDeps,
  input: { scene: string; matchCode: string | undefined },
  visit: Visit,
): Promise<Confirmed> {
  const { db, tickets, tokens, rules } = deps
  const { scene, matchCode } = input
  const ticket = await tickets.find(scene)
  // A consumed ticket is over for every caller but the one who confirmed it and may not know yet.
  if (isDead(ticket.status) && ticket.status !== 'consumed') throw goneError(ticket.status)
  const chooses = rules.tickets.matchMode === 'choose' && !isConfirmed(ticket)
  if (chooses && matchCode === undefined) {
    throw new AppError('INVALID_REQUEST', {
      detail: "body must have required property 'match_code': the number the person chose",
    })
  }

  const { channel, relyingParty } = ticket
  const clientId = relyingParty?.clientId ?? null
  let person = await visit.prove(ticket)
  if (ticket.owner && !sameIdentity(ticket.owner, person)) throw outcomeError(ticket, person)
  const trail = trailOf(rules, visit)
  if (chooses && matchCode !== ticket.matchCode) {
    const userId = (await findIdentity(db, person))?.user_id ?? null
    const denial = { scene, channel, identity: person, userId, trail, clientId }
    const also = refusalOf(deps.devices, ticket)
    await tickets.deny({ ...denial, reason: 'wrong_match_code', also }, visit.caller)
    throw new AppError('MATCH_CODE_WRONG')
  }

  if (visit.complete) person = await visit.complete(person)
  const user = await identifyUser(db, person)
  const { id: userId, now } = user
  const acr = chooses ? ACR.match : ACR.scan
  const use = relyingParty ? { audience: relyingParty.audience, acr } : 'web'
  const token = await tokens.sign({ for: use, userId, person, now })
  const also = approvalOf(deps.devices, ticket, { userId, authTime: Math.floor(now), acr })
  const confirmation = { scene, channel, identity: person, userId, token, trail, clientId, also }
  await tickets.confirm(confirmation, visit.caller)
  const own = channel === 'miniprogram' ? await ownLogin(deps, person, user) : null
  return { user: { id: userId, created: user.created }, own }
}

const isConfirmed = ({ status }: Ticket): boolean => status === 'confirmed' || status === 'consumed'
