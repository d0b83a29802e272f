import { recordOwnLogin } from '../audit/record.ts'
import type { Person } from '../identity.ts'
import { identifyUser, type IdentifiedUser } from '../users/identify.ts'
import { trailOf, type SignInDeps, type Visit } from './door.ts'

/** A login of the mini program itself: its own token, never the browser's. */
export type OwnLogin = {
  user: { id: string; created: boolean }
  token: string
  /** Seconds. */
  tokenExpiresIn: number
}

/**
 * A person signs in to the mini program, without a ticket.
 *
 * @throws {AppError} what the proof throws
 */
export async function signInToMiniProgram(deps: SignInDeps, visit: Visit): Promise<OwnLogin> {
  const person = await visit.prove(null)
  const user = await identifyUser(deps.db, person)
  const login = await ownLogin(deps, person, user)
  const trail = trailOf(deps.rules, visit)
  if (trail) await recordOwnLogin(deps.db, { ...trail, ...person, userId: user.id })
  return login
}

export async function ownLogin(
  { tokens }: SignInDeps,
  person: Person,
  { id, created, now }: IdentifiedUser,
): Promise<OwnLogin> {
  return {
    user: { id, created },
    token: await tokens.sign({ for: 'miniprogram', userId: id, person, now }),
    tokenExpiresIn: tokens.ttl,
  }
}
