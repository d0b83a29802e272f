import { createHash, randomInt } from 'node:crypto'

/** How the two screens are compared: not at all, by eye, or by picking the right one of three. */
export type MatchMode = 'off' | 'show' | 'choose'

/** Two digits, 10 to 99: what both screens show, so that a person can compare them. */
export const newMatchCode = (): string => String(randomInt(10, 100))

/**
 * Three different codes, one of them right, in an order that tells nothing. They follow from the
 * ticket alone, so a repeated scan shows the same three on any instance; and from its secret's hash,
 * so the scene alone does not tell the two wrong ones.
 */
export function matchChoices(ticket: { matchCode: string; secretHash: string }): string[] {
  const noise = createHash('sha256').update('match choices').update(ticket.secretHash).digest()
  const others = Array.from({ length: 90 }, (_, i) => String(i + 10)).filter(
    (code) => code !== ticket.matchCode,
  )
  const [first] = others.splice(noise.readUInt32BE(0) % others.length, 1)
  const [second] = others.splice(noise.readUInt32BE(4) % others.length, 1)
  const choices = [first as string, second as string]
  choices.splice(noise.readUInt32BE(8) % 3, 0, ticket.matchCode)
  return choices
}

/** What the phone shows of the match code: `choices` are three, one of them right. */
export type Match =
  { mode: 'off' } | { mode: 'show'; code: string } | { mode: 'choose'; choices: string[] }

export function matchOf(mode: MatchMode, ticket: { matchCode: string; secretHash: string }): Match {
  if (mode === 'off') return { mode }
  if (mode === 'show') return { mode, code: ticket.matchCode }
  return { mode, choices: matchChoices(ticket) }
}
