import { create } from 'qrcode'
import { encodePng } from '../png.ts'

const QUIET_ZONE = 4
const MIN_MODULE_PX = 4

/**
 * A QR code as PNG with its quiet zone, `width` px wide and high. Only a text far longer than a scene's URL makes it
 * wider: a module stays at least 4 px, below which cameras give up.
 *
 * Drawn here with one bit a pixel: what draws for `qrcode` takes 32, so a stock of 50 codes would
 * leave the process 40 MB larger.
 *
 * @param errorCorrection how much of it may be unreadable: M 15 %, Q 25 %, as ISO/IEC 18004 has it
 */
export function drawCode(text: string, width: number, errorCorrection: 'M' | 'Q' = 'M'): Buffer {
  const { modules } = create(text, { errorCorrectionLevel: errorCorrection })
  const across = modules.size + 2 * QUIET_ZONE
  const side = Math.max(width, MIN_MODULE_PX * across)
  const moduleAt = (pixel: number): number => Math.floor((pixel * across) / side) - QUIET_ZONE
  const isDark = (row: number, column: number): boolean =>
    Math.min(row, column) >= 0 &&
    Math.max(row, column) < modules.size &&
    modules.get(row, column) === 1

  // Before each row a byte says: not filtered.
  const stride = 1 + Math.ceil(side / 8)
  const pixels = Buffer.alloc(side * stride, 255)
  for (let y = 0; y < side; y++) {
    const at = y * stride
    const row = moduleAt(y)
    if (y > 0 && moduleAt(y - 1) === row) {
      pixels.copyWithin(at, at - stride, at)
      continue
    }
    pixels[at] = 0
    for (let x = 0; x < side; x++) {
      if (!isDark(row, moduleAt(x))) continue
      const byte = at + 1 + (x >> 3)
      pixels[byte] = (pixels[byte] ?? 0) & ~(128 >> (x & 7))
    }
  }

  return encodePng({ width: side, height: side, bits: 1, rows: pixels })
}
