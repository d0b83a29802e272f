/** Shapes for a small picture, each as how far a point is from its edge: negative inside, in pixels. */
export type Shape = { distance: (x: number, y: number) => number; box: Box }
type Box = { left: number; top: number; right: number; bottom: number }
type Point = readonly [x: number, y: number]

const around = (x: number, y: number, rx: number, ry = rx): Box => ({
  left: x - rx,
  top: y - ry,
  right: x + rx,
  bottom: y + ry,
})

export const disc = (cx: number, cy: number, radius: number): Shape => ({
  distance: (x, y) => Math.hypot(x - cx, y - cy) - radius,
  box: around(cx, cy, radius),
})

/** A square with round corners. */
export const square = (cx: number, cy: number, half: number, corner: number): Shape => ({
  distance(x, y) {
    const dx = Math.max(Math.abs(x - cx) - half + corner, 0)
    const dy = Math.max(Math.abs(y - cy) - half + corner, 0)
    return Math.hypot(dx, dy) - corner
  },
  box: around(cx, cy, half),
})

/** A line with round ends. */
export function stroke([ax, ay]: Point, [bx, by]: Point, width: number): Shape {
  const [dx, dy] = [bx - ax, by - ay]
  const length = dx * dx + dy * dy || 1
  return {
    distance(x, y) {
      const t = Math.min(1, Math.max(0, ((x - ax) * dx + (y - ay) * dy) / length))
      return Math.hypot(x - ax - t * dx, y - ay - t * dy) - width / 2
    },
    box: {
      left: Math.min(ax, bx) - width / 2,
      top: Math.min(ay, by) - width / 2,
      right: Math.max(ax, bx) + width / 2,
      bottom: Math.max(ay, by) + width / 2,
    },
  }
}

/**
 * Paints a shape on a square canvas of a byte a pixel, with soft edges.
 *
 * @param ink what a pixel becomes, from what it was and how much of it is covered, 0 to 1
 */
export function paint(
  canvas: { pixels: Uint8Array; side: number },
  { distance, box }: Shape,
  ink: (before: number, cover: number) => number,
): void {
  const { pixels, side } = canvas
  const from = (edge: number): number => Math.max(0, Math.floor(edge - 1))
  const to = (edge: number): number => Math.min(side - 1, Math.ceil(edge + 1))
  for (let y = from(box.top); y <= to(box.bottom); y++) {
    for (let x = from(box.left); x <= to(box.right); x++) {
      const cover = Math.min(1, Math.max(0, 0.5 - distance(x + 0.5, y + 0.5)))
      const at = y * side + x
      if (cover > 0) pixels[at] = ink(pixels[at] ?? 0, cover)
    }
  }
}
