import { GROUNDS } from '../html.ts'

/** A site's colour as our pages use it on one of their grounds. */
export type Accent = {
  /** Of links, outlines and the ring around what has the focus: can be read on the page, and its tint. */
  accent: string
  onAccent: string
  /** Under what the pointer is on. */
  tint: string
  /** Of filled buttons: the site's own colour, unless that is nearly the paper's. */
  fill: string
  onFill: string
}

type Theme = keyof typeof GROUNDS

/** WCAG 2.2, 1.4.3: the least contrast of a text. */
const LEGIBLE = 4.5
/** A fill with less than that is no button any more: black on dark paper, white on white. */
const VISIBLE = 1.3

const BLACK = '#000000'
const WHITE = '#ffffff'

/** Of cards, as the stylesheets have it; how much of the colour is in a tint; where a legible one lies. */
const THEMES: Record<Theme, { paper: string; tint: number; towards: string }> = {
  light: { paper: '#ffffff', tint: 0.1, towards: BLACK },
  dark: { paper: '#1b201d', tint: 0.18, towards: WHITE },
}

const channelsOf = (color: string): number[] =>
  [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16))

/** WCAG 2.2: relative luminance, from 0 for black to 1 for white. */
function luminanceOf(color: string): number {
  const [red = 0, green = 0, blue = 0] = channelsOf(color).map((channel) => {
    const share = channel / 255
    return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4
  })
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue
}

/** WCAG 2.2: from 1 for the same colour to 21 for black on white. Both are `#rrggbb`. */
export function contrastOf(one: string, other: string): number {
  const [high, low] = [luminanceOf(one), luminanceOf(other)].sort((a, b) => b - a)
  return ((high as number) + 0.05) / ((low as number) + 0.05)
}

/** @param share of the other one, 0 to 1 */
function mix(color: string, other: string, share: number): string {
  const others = channelsOf(other)
  const mixed = channelsOf(color).map((channel, index) =>
    Math.round(channel + ((others[index] as number) - channel) * share),
  )
  return `#${mixed.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`
}

/** One of the two always has 4.5 and more. */
const textOn = (color: string): string =>
  contrastOf(color, WHITE) >= contrastOf(color, BLACK) ? WHITE : BLACK

/** The colour nearest to it, on the way to black or white, that can be read on all these grounds. */
function legible(color: string, towards: string, grounds: readonly string[]): string {
  for (let step = 0; step < 256; step++) {
    const found = mix(color, towards, step / 256)
    if (grounds.every((ground) => contrastOf(found, ground) >= LEGIBLE)) return found
  }
  return towards
}

/** @param color `#rrggbb` */
export function accentOf(color: string, theme: Theme): Accent {
  const { paper, tint: share, towards } = THEMES[theme]
  const tint = mix(paper, color, share)
  const accent = legible(color, towards, [paper, GROUNDS[theme], tint])
  const fill = contrastOf(color, paper) >= VISIBLE ? color : accent
  return { accent, onAccent: textOn(accent), tint, fill, onFill: textOn(fill) }
}

const declarations = ({ accent, onAccent, tint, fill, onFill }: Accent): string =>
  `:root{--accent:${accent};--on-accent:${onAccent};--tint:${tint};--fill:${fill};--on-fill:${onFill}}`

/**
 * What goes behind one of our stylesheets, whose own colours it replaces. So no page has a style of
 * its own text, which its policy forbids.
 *
 * @param color `#rrggbb`; null: they stay as they are
 */
export const accentCss = (color: string | null): string =>
  color === null
    ? ''
    : `${declarations(accentOf(color, 'light'))}@media(prefers-color-scheme:dark){${declarations(accentOf(color, 'dark'))}}\n`
