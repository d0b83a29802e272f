/** Of 8 colours the first 4 lead from white to black, the others from white to green. */
const LEVELS = 3
const GREEN = LEVELS + 1
export const PALETTE = Buffer.from(
  [[0, 0, 0] as const, [10, 107, 61] as const].flatMap((ink) =>
    Array.from({ length: LEVELS + 1 }, (_, level) =>
      ink.map((value) => Math.round(255 - ((255 - value) * level) / LEVELS)),
    ).flat(),
  ),
)
export const grey = (before: number, cover: number): number =>
  Math.max(before, Math.round(cover * LEVELS))
export const white = (before: number, cover: number): number => Math.round(before * (1 - cover))
export const green = (_: number, cover: number): number => GREEN + Math.round(cover * LEVELS)
export const onGreen = (before: number, cover: number): number =>
  before < GREEN ? before : Math.min(before, GREEN + Math.round((1 - cover) * LEVELS))
