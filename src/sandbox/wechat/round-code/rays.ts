const QUIET_ZONE = 2
const RAYS = 104
const RAY_STEP = 1.1
/** How much of it is drawn. */
const DENSITY = 0.68

export const RAY_WIDTH = 0.82

type Ray = readonly (readonly [x: number, y: number])[]

/** Dots and dashes on rays from the middle, outside the code and its quiet zone, in modules. */
export function rays(half: number, reach: number): Ray[] {
  const found: Ray[] = []
  let seed = 7
  const next = (): number => {
    // A linear congruential generator: always the same pattern, and no more than a pattern.
    seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
    return seed / 2_147_483_648
  }
  const clear = half + QUIET_ZONE + RAY_WIDTH / 2
  for (let index = 0; index < RAYS; index++) {
    const angle = ((index + 0.5) / RAYS) * 2 * Math.PI
    const [x, y] = [Math.cos(angle), Math.sin(angle)]
    const inner = clear / Math.max(Math.abs(x), Math.abs(y))
    let end: number | null = null
    for (let radius = reach - RAY_WIDTH / 2; radius >= inner; radius -= RAY_STEP) {
      const isLast = radius - RAY_STEP < inner
      const on = next() < DENSITY
      if (on && end === null) end = radius
      if (end === null || (on && !isLast)) continue
      const start = on ? radius : radius + RAY_STEP
      found.push([
        [x * start, y * start],
        [x * end, y * end],
      ])
      end = null
    }
  }
  return found
}
