import type { create } from 'qrcode'
import { green, grey, onGreen, white } from './inks.ts'
import { rays, RAY_WIDTH } from './rays.ts'
import { disc, paint, square, stroke, type Shape } from './shapes.ts'
import { signs } from './sign.ts'

/** All these in modules. */
export const FINDER = 7
export const CENTRE = 4.4
export const CENTRE_GAP = 0.5
const CORNER = 2.2
const MARGIN = 0.6
const MIN_MODULE_PX = 4

export type Modules = ReturnType<typeof create>['modules']

export type Layout = {
  side: number
  /** Of a module, in px. */
  unit: number
  /** Where the first module begins, in px. */
  origin: number
  /** Everything but the dots, 4 bits a pixel, as rows of a PNG. */
  base: Buffer
  /** A dot, for columns that begin at an even pixel and for the others. */
  dots: readonly [Buffer, Buffer]
  dotSide: number
}

const MOST_LAYOUTS = 8
const layouts = new Map<string, Layout>()

/** Part of one of the small squares by which a camera sees how the code is warped. */
export const isAlignment = (row: number, column: number, modules: Modules): boolean =>
  Math.min(row, column) > FINDER + 1 && modules.isReserved(row, column) !== 0

/** The same for every code of a size, so it is drawn once. */
export function layoutOf(modules: Modules, width: number): Layout {
  const { size } = modules
  const key = `${size}/${width}`
  const known = layouts.get(key)
  if (known) return known
  const half = size / 2
  // The corners are round: this far from the middle they reach.
  const reach = Math.SQRT2 * (half - CORNER) + CORNER
  const side = Math.max(width, Math.ceil(2 * MIN_MODULE_PX * (reach + MARGIN)))
  const unit = side / 2 / (reach + MARGIN)
  const middle = side / 2
  const origin = middle - half * unit
  const canvas = { pixels: new Uint8Array(side * side), side }
  for (const ray of rays(half, reach)) {
    const scaled = ray.map(([x, y]) => [middle + x * unit, middle + y * unit] as const)
    paint(canvas, stroke(scaled[0] ?? [0, 0], scaled[1] ?? [0, 0], RAY_WIDTH * unit), grey)
  }
  const far = half - FINDER / 2
  for (const [x, y] of [
    [-far, -far],
    [far, -far],
    [-far, far],
  ] as const) {
    const at = (reachOf: number, corner: number): Shape =>
      square(middle + x * unit, middle + y * unit, reachOf * unit, corner * unit)
    paint(canvas, at(3.5, CORNER), grey)
    paint(canvas, at(2.5, CORNER - 0.8), white)
    paint(canvas, at(1.5, 0.9), grey)
  }
  for (let row = 0; row < size; row++) {
    for (let column = 0; column < size; column++) {
      if (!isAlignment(row, column, modules) || modules.get(row, column) === 0) continue
      const at = (index: number): number => origin + (index + 0.5) * unit
      paint(canvas, square(at(column), at(row), 0.56 * unit, 0.3 * unit), grey)
    }
  }
  paint(canvas, disc(middle, middle, (CENTRE + CENTRE_GAP) * unit), white)
  paint(canvas, disc(middle, middle, CENTRE * unit), green)
  for (const line of signs(middle, middle, CENTRE * unit * 0.76)) paint(canvas, line, onGreen)

  const dotSide = Math.round(0.96 * unit)
  const dot = { pixels: new Uint8Array(dotSide * dotSide), side: dotSide }
  paint(dot, disc(dotSide / 2, dotSide / 2, dotSide / 2), grey)
  const layout: Layout = {
    side,
    unit,
    origin,
    base: packed(canvas.pixels, side, side, true),
    dots: [
      packed(dot.pixels, dotSide, dotSide, false),
      packed(shifted(dot.pixels, dotSide), dotSide + 1, dotSide, false),
    ],
    dotSide,
  }
  if (layouts.size >= MOST_LAYOUTS) layouts.clear()
  layouts.set(key, layout)
  return layout
}

/** One column to the right. */
function shifted(pixels: Uint8Array, side: number): Uint8Array {
  const wider = new Uint8Array(side * (side + 1))
  for (let y = 0; y < side; y++) {
    wider.set(pixels.subarray(y * side, (y + 1) * side), y * (side + 1) + 1)
  }
  return wider
}

/** 4 bits a pixel; for a PNG with a byte before each row. */
function packed(pixels: Uint8Array, width: number, height: number, isPng: boolean): Buffer {
  const head = isPng ? 1 : 0
  const stride = head + Math.ceil(width / 2)
  const rows = Buffer.alloc(stride * height)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const at = y * stride + head + (x >> 1)
      const pixel = pixels[y * width + x] ?? 0
      rows[at] = (rows[at] ?? 0) | (x & 1 ? pixel : pixel << 4)
    }
  }
  return rows
}
