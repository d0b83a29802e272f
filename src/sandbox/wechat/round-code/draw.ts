import { create } from 'qrcode'
import { encodePng } from '../../../png.ts'
import { PALETTE } from './inks.ts'
import {
  CENTRE,
  CENTRE_GAP,
  FINDER,
  isAlignment,
  layoutOf,
  type Layout,
  type Modules,
} from './layout.ts'

/** Beyond that a module is too fine in so small a picture. */
const MOST_MODULES = 45
/** An eighth of the time that zlib takes by itself, for a third more bytes. */
const EFFORT = 2

/**
 * A QR code in the round dress of a mini program code, so that a page looks in the sandbox as it will
 * with the real WeChat, while every camera can scan it: its modules are dots, rays fill the circle
 * around it, and “沙箱” stands in the middle, in the room that its error correction leaves (of the 25 %
 * of level Q it takes some 5).
 *
 * @param width in px, of a picture as high as wide; a text far longer than a scene's URL makes it wider,
 *   as a module stays at least 4 px
 */
export function drawRoundCode(text: string, width: number): Buffer {
  const modules = modulesOf(text)
  const layout = layoutOf(modules, width)
  const rows = Buffer.from(layout.base)
  for (let row = 0; row < modules.size; row++) {
    for (let column = 0; column < modules.size; column++) {
      if (modules.get(row, column) === 1 && isDot(row, column, modules)) {
        stamp(rows, layout, row, column)
      }
    }
  }
  const { side } = layout
  return encodePng({ width: side, height: side, bits: 4, rows, palette: PALETTE, effort: EFFORT })
}

/** A longer text has less to spare instead of finer modules. */
function modulesOf(text: string): Modules {
  const { modules } = create(text, { errorCorrectionLevel: 'Q' })
  if (modules.size <= MOST_MODULES) return modules
  return create(text, { errorCorrectionLevel: 'M' }).modules
}

/** Neither part of such a square or of a finder pattern, which the base has, nor under the sign. */
function isDot(row: number, column: number, modules: Modules): boolean {
  const { size } = modules
  const [low, high] = [FINDER, size - FINDER - 1]
  if (isAlignment(row, column, modules)) return false
  const atTop = row < low
  if (column < low && (atTop || row > high)) return false
  if (column > high && atTop) return false
  const middle = (size - 1) / 2
  return Math.hypot(row - middle, column - middle) > CENTRE + CENTRE_GAP
}

function stamp(rows: Buffer, layout: Layout, row: number, column: number): void {
  const { side, unit, origin, dots, dotSide } = layout
  const at = (index: number): number => Math.round(origin + (index + 0.5) * unit - dotSide / 2)
  const [x, y] = [at(column), at(row)]
  const dot = dots[(x & 1) as 0 | 1]
  const bytes = dot.length / dotSide
  const stride = 1 + Math.ceil(side / 2)
  let from = 0
  for (let line = 0; line < dotSide; line++) {
    const to = (y + line) * stride + 1 + (x >> 1)
    for (let byte = 0; byte < bytes; byte++) {
      rows[to + byte] = (rows[to + byte] ?? 0) | (dot[from++] ?? 0)
    }
  }
}
