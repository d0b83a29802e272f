import { crc32 } from 'node:zlib'
import { imageType } from '../wechat/image-type.ts'

/** The segments with a size of the JPEGs that browsers show: baseline, extended, progressive. */
const JPEG_FRAMES = new Set([0xc0, 0xc1, 0xc2])
/** Pixels cannot contain it: after FF they have 00 or a restart. */
const JPEG_END = 'ffd9'

/**
 * The size of an image that is whole: a PNG's chunks have the right checksums up to the last one, a
 * JPEG has its frame and its end.
 *
 * @returns such as `430 × 430 px, image/jpeg`; null where it is cut off, damaged or no image at all
 */
export function imageSize(bytes: Buffer): string | null {
  const type = imageType(bytes)
  try {
    if (type === 'image/png' && isWholePng(bytes)) {
      return `${bytes.readUInt32BE(16)} × ${bytes.readUInt32BE(20)} px, ${type}`
    }
    if (type !== 'image/jpeg') return null
    const frame = frameOf(bytes)
    if (!bytes.includes(JPEG_END, frame, 'hex')) return null
    return `${bytes.readUInt16BE(frame + 7)} × ${bytes.readUInt16BE(frame + 5)} px, ${type}`
  } catch (error) {
    // Reading beyond the end is what an image that is cut off looks like.
    if (error instanceof RangeError) return null
    throw error
  }
}

/** @see https://www.w3.org/TR/png-3/#5Chunk-layout */
function isWholePng(bytes: Buffer): boolean {
  const nameAt = (at: number) => bytes.toString('latin1', at + 4, at + 8)
  let at = 8
  if (nameAt(at) !== 'IHDR') return false
  for (;;) {
    const end = at + 8 + bytes.readUInt32BE(at)
    if (crc32(bytes.subarray(at + 4, end)) !== bytes.readUInt32BE(end)) return false
    if (nameAt(at) === 'IEND') return true
    at = end + 4
  }
}

/** @see https://www.w3.org/Graphics/JPEG/itu-t81.pdf (annex B) */
function frameOf(bytes: Buffer): number {
  let at = 2
  while (!JPEG_FRAMES.has(bytes.readUInt8(at + 1))) at += 2 + bytes.readUInt16BE(at + 2)
  return at
}
