import { settings } from './settings.ts'

/** Names of this length leave room for two mistakes without being those of other programs. */
const LONG = 10

const KNOWN = Object.keys(settings.properties)
/** Programs of every kind read these in lower case, too. */
const IN_LOWER_CASE = ['http_proxy', 'https_proxy', 'no_proxy', 'all_proxy', 'ALL_PROXY']

/**
 * The names that are no settings and look like one that is not among them. Where the setting that they
 * look like is set as well, they belong to another program.
 */
export function misspeltNames(names: readonly string[]): { name: string; meant: string }[] {
  const missing = KNOWN.filter((name) => !names.includes(name))
  return names
    .filter((name) => !KNOWN.includes(name) && !IN_LOWER_CASE.includes(name))
    .flatMap((name) => {
      const meant = missing.find((known) => looksLike(plain(name), plain(known)))
      return meant === undefined ? [] : [{ name, meant }]
    })
}

const plain = (name: string): string => name.replaceAll(/[_.-]/g, '').toLowerCase()

const looksLike = (name: string, known: string): boolean =>
  distance(name, known) <= (known.length < LONG ? 1 : 2)

/** How many letters were left out, added, replaced, or exchanged with the next one. */
function distance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)]
  const at = (i: number, j: number): number => rows[i]?.[j] ?? 0
  for (let i = 1; i <= a.length; i++) {
    rows[i] = [i]
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1] ? 0 : 1
      const exchanged = a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swap = exchanged ? at(i - 2, j - 2) + 1 : Infinity
      const step = Math.min(at(i - 1, j) + 1, at(i, j - 1) + 1, at(i - 1, j - 1) + same, swap)
      rows[i]?.push(step)
    }
  }
  return at(a.length, b.length)
}
