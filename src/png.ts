import { crc32, deflateSync } from 'node:zlib'

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a])
const GREY = 0
const INDEXED = 3
const COLOR_AND_ALPHA = 6

/**
 * A PNG of pixels that are there already.
 *
 * @param image.bits a pixel's
 * @param image.rows one after the other, each behind the byte 0, which says: not filtered
 * @param image.palette of pixels that are indices, 3 bytes a colour
 * @param image.alpha whether a pixel is red, green, blue and alpha; without it and a palette it is grey
 * @param image.effort to make it small, 1 to 9
 */
export function encodePng(image: {
  width: number
  height: number
  bits: 1 | 2 | 4 | 8
  rows: Buffer
  palette?: Buffer
  alpha?: boolean
  effort?: number
}): Buffer {
  const { width, height, bits, rows, palette, alpha, effort = 6 } = image
  const header = Buffer.alloc(13)
  header.writeUInt32BE(width, 0)
  header.writeUInt32BE(height, 4)
  header.set([bits, palette ? INDEXED : alpha ? COLOR_AND_ALPHA : GREY], 8)
  return Buffer.concat([
    SIGNATURE,
    chunk('IHDR', header),
    ...(palette ? [chunk('PLTE', palette)] : []),
    chunk('IDAT', deflateSync(rows, { level: effort })),
    chunk('IEND', Buffer.alloc(0)),
  ])
}

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const whole = Buffer.alloc(named.length + 8)
  whole.writeUInt32BE(data.length, 0)
  named.copy(whole, 4)
  whole.writeUInt32BE(crc32(named), named.length + 4)
  return whole
}
