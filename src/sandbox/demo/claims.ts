import { shorten } from './shorten.ts'

/** What a login token says, without a look at its signature: that is for a server. */
export function claimsOf(token: string): Record<string, unknown> {
  const payload = (token.split('.')[1] ?? '').replace(/-/g, '+').replace(/_/g, '/')
  const bytes = Uint8Array.from(atob(payload), (character) => character.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>
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
    description.textContent = typeof value === 'string' ? value : JSON.stringify(value)
    list.append(term, description)
  }
  section.hidden = false
}
