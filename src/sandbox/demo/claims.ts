import { shorten } from './shorten.ts'

/** What a login token says, without a look at its signature: that is for a server. */
export function claimsOf(token: string): Record<string, unknown> {
  const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
}

/** Claims that are seconds since 1970. */
const TIMES = ['iat', 'exp', 'auth_time', 'nbf']
const two = (number: number): string => String(number).padStart(2, '0')

/** A claim as it is shown: a time as a number, and as the visitor's clock has it. */
export function valueOf(name: string, value: unknown): string {
  if (typeof value === 'string') return value
  const text = JSON.stringify(value)
  if (typeof value !== 'number' || !TIMES.includes(name)) return text
  const at = new Date(value * 1_000)
  const day = [at.getFullYear(), two(at.getMonth() + 1), two(at.getDate())].join('-')
  const time = [at.getHours(), at.getMinutes(), at.getSeconds()].map(two).join(':')
  return `${text} · ${day} ${time}`
}

/** Shows a token's claims in the section, and the token's beginning. */
export function showClaims(section: HTMLElement, token: string): void {
  const list = section.querySelector('dl')
  const beginning = section.querySelector('#token')
  if (!list || !beginning) return
  beginning.textContent = shorten(token)
  list.replaceChildren()
  for (const [name, value] of Object.entries(claimsOf(token))) {
    const term = document.createElement('dt')
    const description = document.createElement('dd')
    term.textContent = name
    description.textContent = valueOf(name, value)
    list.append(term, description)
  }
  section.hidden = false
}
