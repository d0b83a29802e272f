import { createHash, randomInt } from 'node:crypto'

/** How the two screens are compared: not at all, by eye, or by picking the right one of three. */
export type MatchMode = 'off' | 'show' | 'choose'

/** Two digits, 10 to 99: what both screens show, so that a person can compare them. */
export const newMatchCode = (): string => String(randomInt(10, 100))

/** What a device has on its screen, as RFC 8628 §6.1 proposes it: letters that make no words. */
export const USER_CODE_PATTERN = '^[B-DF-HJ-NP-TV-Z]{4}-[B-DF-HJ-NP-TV-Z]{4}$'
/** Those that the provider makes user codes of; another letter would give a wrong one away. */
const LETTERS = 'BCDFGHJKLMNPQRSTVWXZ'

/** What both screens show of a ticket: two digits, or a device's user code. */
type Coded = { matchCode: string; secretHash: string }

/**
 * Three different codes, one of them right, in an order that tells nothing. They follow from the
 * ticket alone, so a repeated scan shows the same three on any instance; and from its secret's hash,
 * so the scene alone does not tell the two wrong ones.
 */
export function matchChoices(ticket: Coded): string[] {
  const noise = createHash('sha256').update('match choices').update(ticket.secretHash).digest()
  const choices = isUserCode(ticket.matchCode)
    ? otherUserCodes(ticket)
    : otherNumbers(ticket, noise)
  choices.splice(noise.readUInt32BE(8) % 3, 0, ticket.matchCode)
  return choices
}

const isUserCode = (code: string): boolean => code.length > 2

function otherNumbers({ matchCode }: Coded, noise: Buffer): string[] {
  const others = Array.from({ length: 90 }, (_, i) => String(i + 10)).filter(
    (code) => code !== matchCode,
  )
  const [first] = others.splice(noise.readUInt32BE(0) % others.length, 1)
  const [second] = others.splice(noise.readUInt32BE(4) % others.length, 1)
  return [first as string, second as string]
}

function otherUserCodes({ matchCode, secretHash }: Coded): string[] {
  const codes = new Set<string>()
  for (let n = 0; codes.size < 2; n++) {
    const noise = createHash('sha256').update(`user code ${n}`).update(secretHash).digest()
    const letters = Array.from({ length: 8 }, (_, i) => LETTERS[noise.readUInt32BE(i * 4) % 20])
    const code = `${letters.slice(0, 4).join('')}-${letters.slice(4).join('')}`
    if (code !== matchCode) codes.add(code)
  }
  return [...codes]
}

/** What the phone shows of the match code: `choices` are three, one of them right. */
export type Match =
  { mode: 'off' } | { mode: 'show'; code: string } | { mode: 'choose'; choices: string[] }

/** A device's user code is always compared: it is what tells this device from an attacker's. */
export function matchOf(mode: MatchMode, ticket: Coded): Match {
  if (mode === 'choose') return { mode, choices: matchChoices(ticket) }
  if (mode === 'off' && !isUserCode(ticket.matchCode)) return { mode }
  return { mode: 'show', code: ticket.matchCode }
}
